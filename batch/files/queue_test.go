package files_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/chatspec/chatspec/batch"
	"github.com/chatspec/chatspec/batch/files"
)

// formats are the names of outputs, for each way of writing them.
var formats = []string{"answers.jsonl", "answers.jsonl.gz", "answers.jsonl.zst"}

// lines returns n lines of an input.
func lines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"custom_id":"p%d","prompt":"Is %[1]d a number?"}`+"\n", i+1)
	}
	return b.String()
}

// folder returns the options for an input with this text, compressed as its name says, in a folder of its own.
func folder(t *testing.T, in, text, out string) files.Options {
	t.Helper()
	dir := t.TempDir()
	o := files.Options{In: filepath.Join(dir, in), Out: filepath.Join(dir, out)}
	write(t, o.In, pack(t, in, text))
	return o
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return data
}

// pack compresses a text as a name says, and unpack the other way round.
func pack(t *testing.T, name, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	switch filepath.Ext(name) {
	case ".gz":
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, text)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	case ".zst":
		w, err := zstd.NewWriter(&b)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, text)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	default:
		b.WriteString(text)
	}
	return b.Bytes()
}

func unpack(t *testing.T, name string, data []byte) string {
	t.Helper()
	var r io.Reader = bytes.NewReader(data)
	var err error
	switch {
	case len(data) == 0:
	case filepath.Ext(name) == ".gz":
		r, err = gzip.NewReader(r)
	case filepath.Ext(name) == ".zst":
		r, err = zstd.NewReader(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func open(t *testing.T, o files.Options) *files.Queue {
	t.Helper()
	q, err := files.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func shut(t *testing.T, q *files.Queue) {
	t.Helper()
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
}

// take returns up to n tasks, fewer where there are no more.
func take(t *testing.T, q *files.Queue, n int) (tasks []*batch.Task) {
	t.Helper()
	for len(tasks) < n {
		task, err := q.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		tasks = append(tasks, task)
	}
	return tasks
}

// finish answers tasks, those that are refused with an error.
func finish(t *testing.T, q *files.Queue, tasks ...*batch.Task) {
	t.Helper()
	for _, task := range tasks {
		r, failure := batch.ParseRequest(task.Text)
		a := &batch.Answer{ID: task.ID, CustomID: r.CustomID}
		if a.Error = task.Refused; a.Error == nil {
			a.Error = failure
		}
		if a.Error == nil {
			a.Response = &batch.Response{StatusCode: http.StatusOK, RequestID: "r", Body: []byte(`{"id": "c"}`)}
		}
		if err := q.Finish(t.Context(), task, a); err != nil {
			t.Fatal(err)
		}
	}
}

// answered returns the custom IDs of the lines of a file, in their order.
func answered(t *testing.T, path string) (ids []string) {
	t.Helper()
	for line := range strings.Lines(unpack(t, path, read(t, path))) {
		_, rest, _ := strings.Cut(line, `"custom_id":"`)
		id, _, _ := strings.Cut(rest, `"`)
		ids = append(ids, id)
	}
	return ids
}

// checkOnce fails unless each of n lines has one answer.
func checkOnce(t *testing.T, o files.Options, n int) {
	t.Helper()
	got := answered(t, o.Out)
	slices.Sort(got)
	var want []string
	for i := range n {
		want = append(want, fmt.Sprintf("p%d", i+1))
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d answers, want %d:\n%s", len(got), n, got)
	}
}

// TestGoesOn stops runs in the middle, in every combination of formats.
func TestGoesOn(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"prompts.jsonl", "prompts.jsonl.gz", "prompts.jsonl.zst"} {
		for _, out := range formats {
			t.Run(in+" to "+out, func(t *testing.T) {
				t.Parallel()
				o := folder(t, in, lines(2500), out)
				for _, n := range []int{0, 1, 1200, 5000, 5000} {
					before := len(answered(t, o.Out))
					q := open(t, o)
					if q.Total() != 2500 || q.Answered() != int64(before) {
						t.Errorf("%d of %d answered, want %d of 2500", q.Answered(), q.Total(), before)
					}
					finish(t, q, take(t, q, n)...)
					shut(t, q)
				}
				checkOnce(t, o, 2500)
				if rest, _ := filepath.Glob(filepath.Join(filepath.Dir(o.Out), "*")); len(rest) != 2 {
					t.Errorf("files: %s", rest)
				}
			})
		}
	}
}

// TestTornEnd cuts an output at every byte, as a kill or a full disk may, and goes on.
func TestTornEnd(t *testing.T) {
	t.Parallel()
	for _, out := range formats {
		t.Run(out, func(t *testing.T) {
			t.Parallel()
			o := folder(t, "prompts.jsonl", lines(3), out)
			for range 3 { // each run writes a member
				q := open(t, o)
				finish(t, q, take(t, q, 1)...)
				shut(t, q)
			}
			whole := read(t, o.Out)
			for cut := range whole {
				write(t, o.Out, whole[:cut])
				q := open(t, o)
				before := q.Answered()
				tasks := take(t, q, 10)
				if before+int64(len(tasks)) != 3 || before == 3 {
					t.Fatalf("cut at byte %d of %d: %d answered, %d to do", cut, len(whole), before, len(tasks))
				}
				finish(t, q, tasks...)
				shut(t, q)
				checkOnce(t, o, 3)
			}
		})
	}
}

// TestRefuses opens what does not belong together.
func TestRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		out   string
		spoil func(t *testing.T, o *files.Options)
		want  string
	}{
		{"a changed input", formats[0], func(t *testing.T, o *files.Options) {
			t.Helper()
			write(t, o.In, []byte(lines(11)))
		}, "OUT: line 1: it answers another input, or IN has changed since; name another output"},
		{"other settings", formats[0], func(t *testing.T, o *files.Options) {
			t.Helper()
			o.Settings = "another model"
		}, "OUT: line 1: it answers the same input with other settings (model, system message, schema); name another output, or use those"},
		{"another input with other settings", formats[0], func(t *testing.T, o *files.Options) {
			t.Helper()
			o.Settings = "another model"
			write(t, o.In, []byte(lines(11)))
		}, "OUT: line 1: it answers another input with other settings; name another output"},
		{"what somebody else wrote", formats[0], func(t *testing.T, o *files.Options) {
			t.Helper()
			write(t, o.Out, []byte("dear diary\n"))
		}, "OUT: line 1: chatspec batch has not written that; name another output"},
		{"answers that are there twice", formats[0], func(t *testing.T, o *files.Options) {
			t.Helper()
			data := read(t, o.Out)
			write(t, o.Out, append(data, data...))
		}, "OUT: line 11: the answer is there twice, or to a line that the input lacks"},
		{"damage in the middle of gzip", formats[1], damage, "OUT: damaged after byte 0: "},
		{"damage in the middle of zstd", formats[2], damage, "OUT: damaged after byte 0: "},
		{"one file as input and output", formats[0], func(t *testing.T, o *files.Options) {
			t.Helper()
			o.Out = o.In
		}, "IN and IN are the same file"},
		{"one file as output and error file", formats[0], func(t *testing.T, o *files.Options) {
			t.Helper()
			o.Errors = o.Out
		}, "OUT and OUT are the same file"},
		{"no input", formats[0], func(t *testing.T, o *files.Options) {
			t.Helper()
			if err := os.Remove(o.In); err != nil {
				t.Fatal(err)
			}
		}, "open IN: no such file or directory"},
		{"an input that is not compressed as its name says", formats[0], func(t *testing.T, o *files.Options) {
			t.Helper()
			o.In += ".gz"
			write(t, o.In, []byte(lines(1)))
		}, "IN.gz: gzip: invalid header"},
		{"a folder that is not there", formats[0], func(t *testing.T, o *files.Options) {
			t.Helper()
			o.Out = filepath.Join(filepath.Dir(o.Out), "none", "answers.jsonl")
		}, "none/answers.jsonl.lock: no such file or directory"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := folder(t, "prompts.jsonl", lines(10), tc.out)
			in, out := o.In, o.Out
			q := open(t, o)
			finish(t, q, take(t, q, 10)...)
			shut(t, q)
			tc.spoil(t, &o)
			before := read(t, o.Out)
			q, err := files.Open(t.Context(), o)
			if err == nil {
				shut(t, q)
				t.Fatal("not refused")
			}
			if text := strings.NewReplacer(in, "IN", out, "OUT").Replace(err.Error()); !strings.Contains(text, tc.want) {
				t.Errorf("%s\nwant %s", text, tc.want)
			}
			if !bytes.Equal(read(t, o.Out), before) {
				t.Error("the output was touched")
			}
		})
	}
}

// damage changes a byte in the middle of the first member.
func damage(t *testing.T, o *files.Options) {
	t.Helper()
	data := read(t, o.Out)
	data[len(data)/2] ^= 0xff
	write(t, o.Out, data)
}

// TestDamage changes each byte of the first of two members. What stands behind it may be answers that were paid for,
// so nothing must be cut off.
func TestDamage(t *testing.T) {
	t.Parallel()
	for _, out := range formats[1:] {
		t.Run(out, func(t *testing.T) {
			t.Parallel()
			o := folder(t, "prompts.jsonl", lines(8), out)
			first := 0
			for range 2 {
				first = len(read(t, o.Out))
				q := open(t, o)
				finish(t, q, take(t, q, 4)...)
				shut(t, q)
			}
			whole := read(t, o.Out)
			for i := range first {
				for _, change := range []byte{0x01, 0x80, 0xff} {
					damaged := bytes.Clone(whole)
					damaged[i] ^= change
					write(t, o.Out, damaged)
					q, err := files.Open(t.Context(), o)
					if err == nil {
						if q.Answered() != 8 {
							t.Errorf("byte %d ^ %#x: %d answers are left", i, change, q.Answered())
						}
						shut(t, q)
					}
					if !bytes.Equal(read(t, o.Out), damaged) {
						t.Fatalf("byte %d ^ %#x: the output was touched", i, change)
					}
				}
			}
		})
	}
}

func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	o := folder(t, "prompts.jsonl", lines(3), formats[0])
	q := open(t, o)
	_, err := files.Open(t.Context(), o)
	if err == nil || !strings.HasSuffix(err.Error(), "answers.jsonl is being written by another run: wait until it ends, or name another output") {
		t.Errorf("%v", err)
	}
	finish(t, q, take(t, q, 3)...)
	shut(t, q)
	shut(t, open(t, o))
}

// TestBadLines has lines that cannot be sent, and others that merely look odd.
func TestBadLines(t *testing.T) {
	t.Parallel()
	long := `{"custom_id":"long","prompt":"` + strings.Repeat("x", files.MaxLineBytes) + `"}`
	o := folder(t, "prompts.jsonl", "\ufeff"+`{"custom_id":"a","prompt":"1"}`+"\r\n\n  \n"+`{"custom_id":"b","prompt":"2"}`+"\n"+
		`{"custom_id":"a","prompt":"3"}`+"\n"+long+"\n"+"nonsense\n"+`{"custom_id":"a","prompt":"4"}`+"\n"+`{"custom_id":"c","prompt":"5"}`, formats[0])
	q := open(t, o)
	tasks := take(t, q, 100)
	var got []string
	for _, task := range tasks {
		said := ""
		if task.Refused != nil {
			said = " " + task.Refused.Code + " " + task.Refused.Message
		}
		got = append(got, fmt.Sprintf("%d%s", task.Line, said))
	}
	want := []string{"1", "4", "5 duplicate_id line 1 has the same custom_id", "6 line_too_large the line is longer than 32 MiB", "7", "8 duplicate_id line 1 has the same custom_id", "9"}
	if !slices.Equal(got, want) || q.Total() != 7 {
		t.Errorf("%d lines: %q", q.Total(), got)
	}
	finish(t, q, tasks...)
	shut(t, q)
	if ids := answered(t, o.Out); !slices.Equal(ids, []string{"a", "b", "c"}) {
		t.Errorf("answers: %s", ids)
	}
	if ids := answered(t, files.ErrorsName(o.Out)); !slices.Equal(ids, []string{"a", "", "", "a"}) {
		t.Errorf("failures: %s", ids)
	}
	if q := open(t, o); q.Answered() != 7 || q.Failed() != 4 {
		t.Errorf("%d answered, %d failed", q.Answered(), q.Failed())
	} else {
		shut(t, q)
	}
}

// TestOrdered finishes tasks in any order.
func TestOrdered(t *testing.T) {
	t.Parallel()
	for _, out := range formats {
		t.Run(out, func(t *testing.T) {
			t.Parallel()
			o := folder(t, "prompts.jsonl", lines(3000), out)
			o.Ordered = true
			q := open(t, o)
			for {
				tasks := take(t, q, 100)
				if len(tasks) == 0 {
					break
				}
				rand.Shuffle(len(tasks), func(i, j int) { tasks[i], tasks[j] = tasks[j], tasks[i] })
				finish(t, q, tasks...)
			}
			shut(t, q)
			checkOnce(t, o, 3000)
			for i, id := range answered(t, o.Out) {
				if id != fmt.Sprintf("p%d", i+1) {
					t.Fatalf("%s is line %d", id, i+1)
				}
			}
		})
	}
}

// TestKilled looks at the files of a run in the middle of it, as a run finds them that follows a kill: every answer
// that was taken must be there, in whatever order they came.
func TestKilled(t *testing.T) {
	t.Parallel()
	for _, ordered := range []bool{false, true} {
		for _, out := range formats {
			t.Run(fmt.Sprintf("%s ordered %v", out, ordered), func(t *testing.T) {
				t.Parallel()
				n, step := 3500, 1700 // more than a member
				if ordered {
					n, step = files.OrderWindow-1, 400 // so that the window, which earlier answers share, is never full
				}
				o := folder(t, "prompts.jsonl", lines(n), out)
				o.Ordered = ordered
				for len(answered(t, o.Out)) < n {
					q := open(t, o)
					before := q.Answered()
					tasks := take(t, q, step)
					rand.Shuffle(len(tasks), func(i, j int) { tasks[i], tasks[j] = tasks[j], tasks[i] })
					tasks = tasks[:len(tasks)-len(tasks)/3]
					finish(t, q, tasks...)
					dir := t.TempDir()
					if err := os.CopyFS(dir, os.DirFS(filepath.Dir(o.Out))); err != nil {
						t.Fatal(err)
					}
					shut(t, q)
					o.In, o.Out = filepath.Join(dir, filepath.Base(o.In)), filepath.Join(dir, out)
					q = open(t, o)
					if got := q.Answered() - before; got != int64(len(tasks)) {
						t.Fatalf("%d answers are there, want %d", got, len(tasks))
					}
					shut(t, q)
				}
				checkOnce(t, o, n)
				if ids := answered(t, o.Out); ordered && !slices.IsSortedFunc(ids, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) }) {
					t.Error("out of order")
				}
				if _, err := os.Stat(o.Out + ".waiting"); err == nil {
					t.Error("there is a journal")
				}
			})
		}
	}
}

// TestOrderedWaits stops handing out tasks where the first one has no answer.
func TestOrderedWaits(t *testing.T) {
	t.Parallel()
	o := folder(t, "prompts.jsonl", lines(2*files.OrderWindow), formats[0])
	o.Ordered = true
	q := open(t, o)
	tasks := take(t, q, files.OrderWindow)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if task, err := q.Next(ctx); err == nil {
		t.Errorf("line %d is handed out", task.Line)
	}
	finish(t, q, tasks...)
	finish(t, q, take(t, q, files.OrderWindow)...)
	shut(t, q)
	checkOnce(t, o, 2*files.OrderWindow)
}

func TestLimit(t *testing.T) {
	t.Parallel()
	o := folder(t, "prompts.jsonl", lines(10), formats[0])
	o.Limit = 4
	for _, want := range []int{4, 4, 2, 0} {
		q := open(t, o)
		tasks := take(t, q, 100)
		if len(tasks) != want {
			t.Errorf("%d tasks, want %d", len(tasks), want)
		}
		finish(t, q, tasks...)
		shut(t, q)
	}
	checkOnce(t, o, 10)
}

// TestFullDisk writes to a device that is always full.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	const full = "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skip("there is no " + full)
	}
	o := folder(t, "prompts.jsonl", lines(2), formats[0])
	o.Errors = full
	q := open(t, o)
	task := take(t, q, 1)[0]
	for range 2 {
		err := q.Finish(t.Context(), task, &batch.Answer{ID: task.ID, Error: &batch.Failure{Code: "x"}})
		if err == nil || err.Error() != full+": no space left on device" {
			t.Errorf("%v", err)
		}
	}
	if err := q.Close(); err == nil {
		t.Error("Close says nothing")
	}
}

func TestErrorsName(t *testing.T) {
	t.Parallel()
	for out, want := range map[string]string{
		"answers.jsonl":          "answers.errors.jsonl",
		"a/b.c/answers.jsonl.gz": "a/b.c/answers.errors.jsonl.gz",
		"answers":                "answers.errors",
		".answers.jsonl":         ".answers.errors.jsonl",
		files.Std:                files.Std,
	} {
		if got := files.ErrorsName(out); got != want {
			t.Errorf("%s: %s, want %s", out, got, want)
		}
	}
}

// TestCheck looks at an input of which not all of the index fits its buffers.
func TestCheck(t *testing.T) {
	t.Parallel()
	const n, repeated = 100_000, 500
	o := folder(t, "prompts.jsonl", lines(n)+lines(repeated)+"{}\n", formats[0])
	checker, err := batch.NewChecker(batch.Config{Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	var broken []*batch.Failure
	report, err := files.Check(t.Context(), o, checker, func(f *batch.Failure) { broken = append(broken, f) })
	if err != nil || report != (files.Report{Lines: n + repeated + 1, Broken: repeated + 1}) {
		t.Fatalf("%+v %v", report, err)
	}
	if first := broken[0]; *first != (batch.Failure{Code: batch.CodeInvalidLine, Message: "custom_id is missing", Line: n + repeated + 1}) {
		t.Errorf("%+v", first)
	}
	for i, f := range broken[1:] {
		if want := fmt.Sprintf("line %d has the same custom_id", i+1); f.Line != int64(n+i+1) || f.Message != want {
			t.Errorf("%+v, want %s", f, want)
		}
	}
}
