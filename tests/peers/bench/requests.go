package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/openai/openai-go/v3"
	goopenai "github.com/sashabaranov/go-openai"

	chat "github.com/chatspec/chatspec/generated"
)

const megabyte = 1 << 20

// imageCalls are measured together, so that buffers which libraries keep from call to call count once for many.
const imageCalls = 10

// image measures goal 8: what a request with a large image allocates, sent once and sent twice.
func (b *bench) image() error {
	url, err := b.serverURL()
	if err != nil {
		return err
	}
	t := table{"A request with an image of 4 MB on a socket, MB allocated per call", []string{"", nameBare, nameOurs, nameGoOpenAI, nameOpenAI}, nil}
	for _, way := range []struct{ name, scenario string }{{"answered at once", "/whole/"}, {"answered after a 503, retried", "/flaky/"}} {
		client := &http.Client{Transport: transport(false, 1)}
		what := "a 4 MB image request, allocated, " + way.name
		row, found := []string{way.name}, map[string]float64{}
		for i, name := range t.header[1:] {
			server := url + way.scenario + strconv.Itoa(i) // one of its own, which counts for it alone
			r, err := b.race(repeated(wholeTask(name, server, client, imageRequest()), b.few(imageCalls, 2)))
			if err != nil {
				row = append(row, "fails")
				if name == nameOurs {
					b.report.failed(8, what, "≤ 0.1 MB", err)
				}
				continue
			}
			found[name] = r.median(name, bytesOf) / megabyte
			row = append(row, number(found[name]))
		}
		client.CloseIdleConnections()
		t.rows = append(t.rows, row)
		if got, ok := found[nameOurs]; ok {
			b.report.atMost(8, what, 0.1, got, " MB", othersOf(found, " MB"))
		}
	}
	b.report.tables = append(b.report.tables, t)
	b.report.charts = append(b.report.charts, t.chart(0, "A request with an image of 4 MB", "MB allocated"))
	return nil
}

// othersOf are the figures of the others; one that has none fails.
func othersOf(found map[string]float64, unit string) others {
	text := func(name string) string {
		if v, ok := found[name]; ok {
			return number(v) + unit
		}
		return "fails"
	}
	return others{text(nameOpenAI), text(nameGoOpenAI)}
}

// wholeTask asks one request of a library again and again.
func wholeTask(name, baseURL string, client *http.Client, r request) task {
	call := func(context.Context) error { return fmt.Errorf("no library %s", name) }
	for _, l := range libraries {
		if l.name != name {
			continue
		}
		c, err := l.open(baseURL, client)
		if err != nil {
			call = func(context.Context) error { return err }
			break
		}
		call = c.whole(r)
	}
	return task{name, 1, func() error { return call(context.Background()) }}
}

// repeated is a task that does another n times.
func repeated(t task, n int) task {
	return task{t.name, n * t.units, func() error {
		for range n {
			if err := t.run(); err != nil {
				return err
			}
		}
		return nil
	}}
}

// history measures goal 9: encoding a long conversation. The calls are whole ones, answered from memory with 1 KB.
func (b *bench) history() error {
	client := &http.Client{Transport: answer{response(1000), "application/json"}}
	names := []string{nameOurs, nameGoOpenAI, nameOpenAI}
	var tasks []task
	for _, name := range names {
		tasks = append(tasks, wholeTask(name, "http://127.0.0.1/v1", client, historyRequest()))
	}
	r, err := b.race(tasks...)
	if err != nil {
		return err
	}
	b.report.atLeast(9, "encoding a history of 400 KB, lead over go-openai", 4, r.ratio(nameGoOpenAI, nameOurs), " ×", others{})
	b.report.atLeast(9, "the same over openai-go", 6, r.ratio(nameOpenAI, nameOurs), " ×", others{})
	b.addCosts(r, names, "Encoding a history of 400 KB")
	return nil
}

// addCosts adds a table and a chart of what single operations cost.
func (b *bench) addCosts(r results, names []string, title string) {
	const kb = 1 << 10
	t := table{title, append([]string{""}, names...), nil}
	cpu, allocs, bytes := []string{"µs of CPU time"}, []string{"allocations"}, []string{"KB allocated"}
	for _, name := range names {
		cpu = append(cpu, number(r.median(name, cpuOf)/micro))
		allocs = append(allocs, number(r.median(name, allocsOf)))
		bytes = append(bytes, number(r.median(name, bytesOf)/kb))
	}
	t.rows = [][]string{cpu, allocs, bytes}
	b.report.tables = append(b.report.tables, t)
	b.report.charts = append(b.report.charts, t.chart(0, title, "µs of CPU time"))
}

// Sizes of whole responses.
const (
	smallResponse = 2 << 10
	largeResponse = 200 << 10
)

// responses measures goal 10: whole responses, decoded from memory and as whole calls.
func (b *bench) responses() error {
	url, err := b.serverURL()
	if err != nil {
		return err
	}
	names := []string{nameOurs, nameGoOpenAI, nameOpenAI}
	for _, size := range []int{smallResponse, largeResponse} {
		body := response(size)
		r, err := b.race(
			task{nameOurs, 1, func() error { return chat.Codec{}.DecodeResponse(body, new(chat.CreateChatCompletionResponse)) }},
			task{nameGoOpenAI, 1, func() error { return json.Unmarshal(body, new(goopenai.ChatCompletionResponse)) }},
			task{nameOpenAI, 1, func() error { return json.Unmarshal(body, new(openai.ChatCompletion)) }},
		)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("decoding a response of %d KB", size>>10)
		b.report.atLeast(10, what+", lead over openai-go", 5, r.ratio(nameOpenAI, nameOurs), " ×", others{})
		b.report.atLeast(10, what+", lead over go-openai", 5, r.ratio(nameGoOpenAI, nameOurs), " ×", others{})
		b.addCosts(r, names, fmt.Sprintf("Decoding a response of %d KB", size>>10))
		if size == largeResponse {
			b.judgeBytes("decoding 200 KB, allocated × the body", 1.1, r, len(body))
		}
	}
	client := &http.Client{Transport: transport(false, 1)}
	defer client.CloseIdleConnections()
	var tasks []task
	for _, name := range names {
		tasks = append(tasks, wholeTask(name, fmt.Sprintf("%s/whole/%d", url, largeResponse), client, shortRequest()))
	}
	r, err := b.race(tasks...)
	if err != nil {
		return err
	}
	b.judgeBytes("the whole call, allocated × the body", 3.5, r, len(response(largeResponse)))
	return nil
}

// judgeBytes judges what is allocated as a multiple of a body.
func (b *bench) judgeBytes(what string, limit float64, r results, body int) {
	times := func(name string) float64 { return r.median(name, bytesOf) / float64(body) }
	b.report.atMost(10, what, limit, times(nameOurs), " ×", others{number(times(nameOpenAI)) + " ×", number(times(nameGoOpenAI)) + " ×"})
}
