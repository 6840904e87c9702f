package main

import (
	"net/url"
	"slices"
	"strings"
)

// A member as --initial-cluster names it.
type member struct {
	name string
	peer *url.URL
}

// flagValue is what a flag says, written with or without an equals sign.
func flagValue(args []string, name string) string {
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--"+name+"="); ok {
			return value
		}
		if arg == "--"+name && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}

func parseCluster(text string) (members []member) {
	for item := range strings.SplitSeq(text, ",") {
		name, address, ok := strings.Cut(item, "=")
		if !ok {
			continue
		}
		if peer, err := url.Parse(address); err == nil {
			members = append(members, member{name, peer})
		}
	}
	return members
}

// alone rewrites the flags of a member to a cluster of its own.
func alone(args []string, m member) []string {
	out := slices.Clone(args)
	for i, arg := range out {
		if strings.HasPrefix(arg, "--initial-cluster=") {
			out[i] = "--initial-cluster=" + m.name + "=" + m.peer.String()
		}
	}
	return out
}
