package main

import (
	"fmt"
	"io"
	"strings"
)

// What is read of a customer's view; all of it stands in /openapi.json.
type View struct {
	Who struct {
		Name      string
		Known     bool
		Ambiguous bool
		Choices   []struct{ PersonID, Description string }
	}
	ValueTier       string
	ComplaintOpen   bool
	NextBestActions []struct{ OfferID, ItemID, Line string }
	Degraded        []struct{ Service, Reason string }
}

// Print writes the view as an agent reads it: who calls, and what to say, best first.
func (v *View) Print(to io.Writer) {
	name := v.Who.Name
	switch {
	case v.Who.Ambiguous:
		name = "one of several people: ask who it is"
	case !v.Who.Known:
		name = "somebody new"
	case name == "":
		name = "a customer without a name"
	}
	fmt.Fprintf(to, "\n== %s, %s\n", name, v.ValueTier)
	for _, choice := range v.Who.Choices {
		fmt.Fprintln(to, "   ?", choice.Description)
	}
	for at, action := range v.NextBestActions {
		fmt.Fprintf(to, "%2d  %s\n", at+1, action.Line)
	}
	if missing := v.missing(); missing != "" {
		fmt.Fprintln(to, "    (without", missing+")")
	}
}

func (v *View) missing() string {
	var names []string
	for _, each := range v.Degraded {
		names = append(names, each.Service)
	}
	return strings.Join(names, ", ")
}
