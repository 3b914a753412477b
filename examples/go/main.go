// Command callcentre is the screen of one call: who calls, what to say next, and what was said to it.
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

type identity struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// Call is one telephone call.
type Call struct {
	edge    *Edge
	caller  []identity
	session string
	timeout time.Duration

	mutex sync.Mutex
	view  View
}

func main() {
	url := flag.String("url", "http://127.0.0.1:7480", "where the edge is")
	phone := flag.String("phone", "", "the caller's number, as +15185550101")
	timeout := flag.Duration("timeout", 150*time.Millisecond, "for the first view")
	flag.Parse()
	if *phone == "" {
		flag.Usage()
		os.Exit(2)
	}
	call := &Call{
		edge:    &Edge{URL: *url, Key: os.Getenv("TOUCHPOINT_KEY")},
		caller:  []identity{{"phone", *phone}},
		session: "call-" + newID(),
		timeout: *timeout,
	}
	ctx, hangUp := context.WithCancel(context.Background())
	defer hangUp()
	call.answer(ctx)
	call.follow(ctx)
}

// answer shows who calls, at once, and from then on whatever changes it, on whatever channel.
func (c *Call) answer(ctx context.Context) {
	c.tell(ctx, map[string]any{"type": "call_started"})
	request := map[string]any{"identities": c.caller, "sessionId": c.session}
	var view View
	if err := c.edge.Call(ctx, "GetCustomerView", request, &view, c.timeout); err != nil {
		fmt.Fprintln(os.Stderr, "no view yet:", err)
	} else {
		c.show(view)
	}
	go c.edge.Watch(ctx, "WatchCustomer", map[string]any{"identities": c.caller}, c.changed, func(err error) {
		fmt.Fprintln(os.Stderr, "not followed for the moment:", err)
	})
}

func (c *Call) changed(message json.RawMessage) {
	var told struct{ View View }
	if err := json.Unmarshal(message, &told); err != nil {
		fmt.Fprintln(os.Stderr, "not understood:", err)
		return
	}
	c.show(told.View)
}

func (c *Call) show(view View) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.view = view
	view.Print(os.Stdout)
}

// follow does what the agent types, until the call is over.
func (c *Call) follow(ctx context.Context) {
	fmt.Println("about CATEGORY | note TEXT | accept N | decline N | complaint | resolved | not me | end")
	typed := bufio.NewScanner(os.Stdin)
	for typed.Scan() {
		word, rest, _ := strings.Cut(strings.TrimSpace(typed.Text()), " ")
		if word == "end" {
			break
		}
		event, err := c.event(word, rest)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		} else if event != nil {
			c.tell(ctx, event)
		}
	}
	c.tell(ctx, map[string]any{"type": "call_ended"})
}

func (c *Call) event(word, rest string) (map[string]any, error) {
	switch word {
	case "":
		return nil, nil
	case "about":
		return with("call_topic", map[string]any{"category": rest}), nil
	case "note":
		return with("agent_note", map[string]any{"text": rest}), nil
	case "complaint":
		return with("complaint", nil), nil
	case "resolved":
		return with("complaint", map[string]any{"status": "resolved"}), nil
	case "not":
		return with("not_me", nil), nil
	case "accept", "decline":
		c.mutex.Lock()
		defer c.mutex.Unlock()
		at, err := strconv.Atoi(rest)
		if err != nil || at < 1 || at > len(c.view.NextBestActions) {
			return nil, fmt.Errorf("%s which of 1 to %d?", word, len(c.view.NextBestActions))
		}
		offer := c.view.NextBestActions[at-1].OfferID
		if offer == "" {
			return nil, fmt.Errorf("line %d offers nothing", at)
		}
		return map[string]any{"type": word, "offerId": offer}, nil
	}
	return nil, fmt.Errorf("%q is none of the words above", word)
}

func with(kind string, attributes map[string]any) map[string]any {
	return map[string]any{"type": kind, "attributes": attributes}
}

// tell records what happened. Each try has the same eventId, so that it counts once.
func (c *Call) tell(ctx context.Context, event map[string]any) {
	event["eventId"] = newID()
	event["time"] = time.Now().UTC().Format(time.RFC3339Nano)
	event["identities"] = c.caller
	event["channel"] = "CALL_CENTER"
	event["sessionId"] = c.session
	var answer struct {
		Rejected []struct{ Code, Message string }
	}
	request := map[string]any{"events": []any{event}}
	if err := c.edge.Call(ctx, "Track", request, &answer, 5*time.Second); err != nil {
		fmt.Fprintln(os.Stderr, "not recorded:", err)
	}
	for _, each := range answer.Rejected {
		fmt.Fprintln(os.Stderr, "refused:", each.Code, each.Message)
	}
}

// newID returns 128 random bits.
func newID() string {
	var bits [16]byte
	_, _ = rand.Read(bits[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(bits[:])
}
