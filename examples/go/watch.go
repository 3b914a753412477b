package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// A view with the lines of some fifty events and offers has far less.
const longestMessage = 4 << 20

// Watch says each message of a stream, until the context ends. A stream that breaks is begun anew,
// after a second at first and a minute at most; failed is told why.
func (e *Edge) Watch(ctx context.Context, rpc string, request any, say func(json.RawMessage), failed func(error)) {
	pause := time.Second
	for ctx.Err() == nil {
		err := e.stream(ctx, rpc, request, func(message json.RawMessage) {
			pause = time.Second
			say(message)
		})
		if ctx.Err() != nil {
			return
		}
		failed(err)
		select {
		case <-time.After(pause):
			pause = min(2*pause, time.Minute)
		case <-ctx.Done():
		}
	}
}

// stream reads server-sent events: lines "event: …" and "data: …", an empty one after each event, and
// comments that only say that the stream lives.
func (e *Edge) stream(ctx context.Context, rpc string, request any, say func(json.RawMessage)) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	answer, err := e.post(ctx, rpc, body, "text/event-stream")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return refusal(answer)
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, longestMessage)
	kind := ""
	for lines.Scan() {
		line := lines.Text()
		if name, is := strings.CutPrefix(line, "event: "); is {
			kind = name
		} else if data, is := strings.CutPrefix(line, "data: "); is && kind == "failed" {
			return &Error{Code: "failed", Message: data}
		} else if is && kind != "end" {
			say(json.RawMessage(data))
		} else if line == "" {
			kind = ""
		}
	}
	return lines.Err()
}
