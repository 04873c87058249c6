package chattest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chatspec/chatspec/chattest"
	"github.com/chatspec/chatspec/stream"
)

func TestServerWithGeneratedClient(t *testing.T) {
	t.Parallel()
	for name, newServer := range map[string]func(chattest.TB, ...chattest.Reply) *chattest.Server{
		"memory": chattest.NewServer,
		"socket": chattest.NewSocketServer,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, chattest.Text("Hello, world!"))
			resp, err := newClient(t, srv).CreateChatCompletion(t.Context(), question(false))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(`"Hello, world!"`)) {
				t.Errorf("%d %s, %v", resp.StatusCode, body, err)
			}
		})
	}
}

func TestSocketServerForOtherClients(t *testing.T) {
	t.Parallel()
	srv := chattest.NewSocketServer(t)
	if !strings.HasPrefix(srv.URL, "http://127.0.0.1:") || !strings.HasSuffix(srv.URL, "/v1") {
		t.Errorf("URL %s", srv.URL)
	}
	other := &http.Client{Transport: &http.Transport{}}
	defer other.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/chat/completions", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := other.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("status %d", resp.StatusCode)
	}
}

// Whatever a test asks the client for, nothing leaves the process.
func TestClientReachesNoOtherHost(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://api.example.com/v1/chat/completions", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := srv.Requests(); resp.StatusCode != http.StatusOK || len(got) != 1 {
		t.Errorf("status %d, %d requests", resp.StatusCode, len(got))
	}
}

func TestPaceInBubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const delay, pace = 3 * time.Second, 250 * time.Millisecond
		srv := chattest.NewServer(t, chattest.Text("a", "b", "c").WithDelay(delay).WithPace(pace))
		start := time.Now()
		resp := open(t.Context(), t, srv)
		defer resp.Body.Close()
		if got := time.Since(start); got != delay {
			t.Errorf("the header came after %v", got)
		}
		var times []time.Duration
		for d := stream.NewDecoder(resp.Body); ; {
			if _, err := d.Next(); err != nil {
				break
			}
			times = append(times, time.Since(start)-delay)
		}
		// the role, three pieces, the finish reason, and [DONE] without a wait
		if want := []time.Duration{0, pace, 2 * pace, 3 * pace, 4 * pace, 4 * pace}; !slices.Equal(times, want) {
			t.Errorf("events after %v, want %v", times, want)
		}
	})
}

func TestDelayOfWholeAnswersInBubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := chattest.NewServer(t,
			chattest.Text("x").WithDelay(time.Hour),
			chattest.Raw(http.StatusTeapot, nil, nil).WithDelay(time.Minute))
		for _, want := range []time.Duration{time.Hour, time.Minute} {
			start := time.Now()
			create(t, srv, hello)
			if got := time.Since(start); got != want {
				t.Errorf("an answer after %v, want %v", got, want)
			}
		}
	})
}

func TestCancelInBubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := chattest.NewServer(t, chattest.Text("a b c d e f").WithPace(time.Second).Repeated())
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		start := time.Now()
		resp := open(ctx, t, srv)
		defer resp.Body.Close()
		_, err := io.ReadAll(resp.Body)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 2500*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		synctest.Wait() // the server's goroutines have seen it, or the bubble would not end
	})
}

func TestDelayEndsWithRequestInBubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := chattest.NewServer(t, chattest.Text("late").WithDelay(time.Hour))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		resp, err := newClient(t, srv).CreateChatCompletion(ctx, question(false))
		if err == nil {
			resp.Body.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

func TestCloseCutsStreams(t *testing.T) {
	t.Parallel()
	for name, newServer := range map[string]func(chattest.TB, ...chattest.Reply) *chattest.Server{
		"memory": chattest.NewServer,
		"socket": chattest.NewSocketServer,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, chattest.Text("a b c").WithPace(time.Hour))
			resp := open(t.Context(), t, srv)
			defer resp.Body.Close()
			srv.Close()
			srv.Close()
			if _, err := io.ReadAll(resp.Body); err == nil {
				t.Error("a cut stream ended without an error")
			}
			again, err := newClient(t, srv).CreateChatCompletion(t.Context(), question(true))
			if err == nil {
				again.Body.Close()
				t.Error("a closed server answered")
			}
		})
	}
}

func TestNoGoroutineIsLeft(t *testing.T) {
	t.Parallel()
	for name, newServer := range map[string]func(chattest.TB, ...chattest.Reply) *chattest.Server{
		"memory": chattest.NewServer,
		"socket": chattest.NewSocketServer,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pprof.Do(t.Context(), pprof.Labels("leak", name), func(context.Context) {
				tb := &fakeTB{}
				srv := newServer(tb, chattest.Text("a b c").WithPace(time.Hour), chattest.Text("x").Repeated())
				unfinished := open(t.Context(), t, srv)
				var wg sync.WaitGroup
				for range 8 {
					wg.Go(func() { create(t, srv, hello) })
				}
				wg.Wait()
				if goroutines(t, name) < 4 {
					t.Error("the count of goroutines misses those of the server")
				}
				unfinished.Body.Close()
				if errs := tb.end(); errs != nil {
					t.Error(errs)
				}
			})
			deadline := time.Now().Add(10 * time.Second)
			for goroutines(t, name) > 0 && time.Now().Before(deadline) {
				runtime.Gosched()
			}
			if n := goroutines(t, name); n > 0 {
				t.Errorf("%d goroutines are left", n)
			}
		})
	}
}

// goroutines counts the goroutines with the label, which a goroutine inherits from the one that started it.
func goroutines(t *testing.T, label string) int {
	t.Helper()
	var b strings.Builder
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		t.Fatal(err)
	}
	n := 0
	for stack := range strings.SplitSeq(b.String(), "\n\n") {
		if strings.Contains(stack, `"leak":"`+label+`"`) && !strings.Contains(stack, "testing.tRunner") {
			n++
		}
	}
	return n
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("a b c").Repeated())
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 5 {
				stored := create(t, srv, with(`"store":true,"stream":true`)).completion(t)
				if got := send(t, srv, "GET", "/chat/completions/"+stored.ID, "").completion(t).Text(); got != "a b c" {
					t.Errorf("%s is %q", stored.ID, got)
				}
				send(t, srv, "GET", "/chat/completions", "")
				send(t, srv, "POST", "/chat/completions/"+stored.ID, `{"metadata":{"a":"b"}}`)
				srv.Requests()
				srv.Script()
				srv.RequireKey("")
				srv.SetClock(time.Now)
			}
		})
	}
	wg.Wait()
	if got := len(srv.Requests()); got != 16*5*4 {
		t.Errorf("%d requests recorded", got)
	}
}

// Programs serve a handler, and must not link package testing for that.
func TestDependencies(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Skip("no go command")
	}
	for dep := range strings.FieldsSeq(string(out)) {
		if dep == "testing" || strings.HasPrefix(dep, "testing/") || dep == "net/http/httptest" {
			t.Errorf("chattest links %s", dep)
		}
	}
}
