package chattest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/chattest"
)

// What a real server answers is recorded once, without the key, and then played back.
func ExampleRecord() {
	other := &fakeTB{}
	defer other.end()
	srv := chattest.NewSocketServer(other, chattest.Text("Good morning!")) // stands for a real one

	dir, err := os.MkdirTemp("", "") // in a test, testdata
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "hello.json")

	t := &fakeTB{} // in a test, its *testing.T
	client, err := chatspec.New(
		chatspec.WithBaseURL(srv.URL),
		chatspec.WithAPIKey("sk-0123456789"),
		chatspec.WithHTTPClient(chattest.Record(t, path, srv.Client())),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	res, err := client.Create(context.Background(), ask("Hello!"))
	fmt.Println(res.Text(), err)
	t.end() // when the test ends, the file is written

	file, err := os.ReadFile(path)
	fmt.Println(strings.Contains(string(file), "Good morning!"), strings.Contains(string(file), "sk-"), err)
	// Output:
	// Good morning! <nil>
	// true false <nil>
}

// A request that was not recorded like this fails the test.
func ExampleReplay() {
	t := &fakeTB{} // in a test, its *testing.T
	client, err := chatspec.New(
		chatspec.WithBaseURL("http://any.localhost/v1"),
		chatspec.WithHTTPClient(chattest.Replay(t, "testdata/hello.json")),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	res, err := client.Create(context.Background(), ask("Hello!"))
	fmt.Println(res.Text(), err)
	_, _ = client.Create(context.Background(), ask("How are you?"))
	fmt.Println(strings.Join(t.end(), "\n")) // a *testing.T prints them
	// Output:
	// Good morning! <nil>
	// chattest: request 2, POST /v1/chat/completions, differs from the recorded one in testdata/hello.json:
	// messages[0].content: want "Good night!", got "How are you?"
}

// Several requests at once come in no order.
func ExampleAnyOrder() {
	t := &fakeTB{} // in a test, its *testing.T
	doer := chattest.Replay(t, "testdata/hello.json", chattest.AnyOrder())
	client, err := chatspec.New(chatspec.WithBaseURL("http://any.localhost/v1"), chatspec.WithHTTPClient(doer))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, prompt := range []string{"Good night!", "Hello!"} {
		res, err := client.Create(context.Background(), ask(prompt))
		fmt.Println(res.Text(), err)
	}
	fmt.Println(len(t.end()), "failures")
	// Output:
	// Sleep well. <nil>
	// Good morning! <nil>
	// 0 failures
}
