package ui_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is a tab of a chromium that can reach nothing but loopback.
type browser struct {
	ctx context.Context //nolint:containedctx // chromedp has the tab in it

	mu       sync.Mutex
	requests []string // the URLs of all that was asked for, data apart
	faults   []string // warnings and errors of the console, and exceptions
}

// openBrowser opens a window of so many pixels, which closes when the test ends.
func openBrowser(t *testing.T, width, height int) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("chromium"),
		chromedp.WindowSize(width, height),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		chromedp.UserDataDir(t.TempDir()),
	)
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // chromium has none for root
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{ctx: ctx}
	if err := chromedp.Listen(ctx, b.watch); err != nil { // starts the browser
		t.Fatal(err)
	}
	return b
}

func (b *browser) watch(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch event := event.(type) {
	case *network.EventRequestWillBeSent:
		if url := event.Request.URL; !strings.HasPrefix(url, "data:") {
			b.requests = append(b.requests, url)
		}
	case *log.EventEntryAdded: // what the browser says, of requests that were blocked or failed among others
		if event.Entry.Level == log.EntryLevelWarning || event.Entry.Level == log.EntryLevelError {
			b.faults = append(b.faults, event.Entry.Text)
		}
	case *runtime.EventConsoleAPICalled: // what scripts say
		if event.Type == runtime.ConsoleAPICalledTypeWarning || event.Type == runtime.ConsoleAPICalledTypeError {
			for _, arg := range event.Args {
				b.faults = append(b.faults, fmt.Sprintf("%s: %s%s", event.Type, arg.Value, arg.Description))
			}
		}
	case *runtime.EventExceptionThrown:
		b.faults = append(b.faults, event.ExceptionDetails.Text)
	}
}

func (b *browser) run(t *testing.T, what string, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// wait waits until the page shows a text.
func (b *browser) wait(t *testing.T, text string) {
	t.Helper()
	// innerText has what is visible, and no more.
	shown := fmt.Sprintf("document.body.innerText.includes(%q)", text)
	b.run(t, "waiting for "+text, chromedp.Poll[chromedp.Void](shown, chromedp.WithPollingTimeout(limit)))
}

// check fails the test where something but the page was asked for, and where anything was complained about.
func (b *browser) check(t *testing.T, url string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, request := range b.requests {
		if request, _, _ := strings.Cut(request, "#"); request != url {
			t.Errorf("the page asked for %s", request)
		}
	}
	if len(b.requests) == 0 {
		t.Error("no request was seen")
	}
	for _, fault := range b.faults {
		t.Errorf("the page complained: %s", fault)
	}
}

// TestReference opens the address of chatspec serve and reads.
func TestReference(t *testing.T) {
	t.Parallel()
	url := strings.TrimSuffix(startServe(t), "v1")
	b := openBrowser(t, 1400, 1000)
	b.run(t, "opening "+url, chromedp.Navigate(url))
	b.wait(t, "/chat/completions/{completion_id}/messages") // the last operation
	b.screenshot(t, "operations")
	b.run(t, "opening an operation", chromedp.Click(`//a[.="post/chat/completions"]`))
	b.wait(t, "generates the next message of a conversation.")
	b.wait(t, "is the ID of the model that answers, as the server names it.") // a field
	b.wait(t, "is always developer.")                                         // a field within a field
	b.wait(t, "is another name for priority.")                                // a value of an enum
	b.screenshot(t, "operation")
	b.run(t, "opening it again", chromedp.Reload()) // the address is that of the operation now
	b.wait(t, "generates the next message of a conversation.")
	b.check(t, url)
}

// screenshot writes what the window shows to the folder that SCREENSHOTS names, for people to look at.
func (b *browser) screenshot(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/"+name+".png", png, 0o600); err != nil {
		t.Fatal(err)
	}
}
