package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	service = "/touchpoint.aggregator.v1.AggregatorService/"
	// Retries kept for later: ten at once, and one more for each ten calls, so that they never make a crowd.
	mostRetries = 10.0
)

// Edge calls Touchpoint as JSON over HTTP. It may be used by many goroutines at once.
type Edge struct {
	URL string
	// Key is a backend's key (tpk_…); empty where the suite is open.
	Key string

	mutex sync.Mutex
	spent float64
}

// Error says why there is no answer.
type Error struct {
	// Code is Connect's: invalid_argument, deadline_exceeded …
	Code    string
	Message string
	// Retry says when to try again; 0 where that would change nothing.
	Retry time.Duration
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Call does one rpc, with all its attempts within the timeout. Only for what may be said twice:
// Recommend, GetCustomerView, and Track, whose events count once by their eventId.
func (e *Edge) Call(ctx context.Context, rpc string, request, response any, timeout time.Duration) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	e.called()
	for {
		err := e.attempt(ctx, rpc, body, response)
		var refused *Error
		if err == nil || !errors.As(err, &refused) || refused.Retry == 0 {
			return err
		}
		// Up to half as long again: callers refused together must not come again together.
		pause := time.Duration(float64(refused.Retry) * (1 + rand.Float64()/2))
		deadline, _ := ctx.Deadline()
		if time.Now().Add(pause).After(deadline) || !e.mayRetry() {
			return err
		}
		time.Sleep(pause)
	}
}

func (e *Edge) attempt(ctx context.Context, rpc string, body []byte, response any) error {
	answer, err := e.post(ctx, rpc, body, "application/json")
	if err != nil {
		return unanswered(ctx, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return refusal(answer)
	}
	if err := json.NewDecoder(answer.Body).Decode(response); err != nil {
		return unanswered(ctx, err)
	}
	return nil
}

// post names the time that is left, by which the edge answers with what it has; the context ends the
// call where the edge cannot.
func (e *Edge) post(ctx context.Context, rpc string, body []byte, accept string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL+service+rpc, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", accept)
	if deadline, is := ctx.Deadline(); is {
		left := max(1, time.Until(deadline).Milliseconds())
		request.Header.Set("Connect-Timeout-Ms", strconv.FormatInt(left, 10))
	}
	if e.Key != "" {
		request.Header.Set("Authorization", "Bearer "+e.Key)
	}
	return http.DefaultClient.Do(request)
}

func unanswered(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &Error{Code: "deadline_exceeded", Message: err.Error()}
	}
	return &Error{Code: "unavailable", Message: err.Error(), Retry: 50 * time.Millisecond}
}

// refusal reads what the edge says; RetryInfo among the details says when to try again.
func refusal(answer *http.Response) error {
	var told struct {
		Code    string
		Message string
		Details []struct{ Debug struct{ RetryDelay string } }
	}
	raw, _ := io.ReadAll(answer.Body)
	if json.Unmarshal(raw, &told) != nil || told.Code == "" {
		return &Error{Code: "unavailable", Message: fmt.Sprintf("%s: %.200s", answer.Status, raw)}
	}
	refused := &Error{Code: told.Code, Message: told.Message}
	for _, each := range told.Details {
		if delay, err := time.ParseDuration(each.Debug.RetryDelay); err == nil { // "0.120s"
			refused.Retry = delay
		}
	}
	return refused
}

func (e *Edge) called() {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.spent = max(0, e.spent-0.1)
}

func (e *Edge) mayRetry() bool {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.spent+1 > mostRetries {
		return false
	}
	e.spent++
	return true
}
