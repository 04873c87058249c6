package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/chatspec/chatspec/batch"
)

// Spool copies what r has to a temporary file, because an input is read twice. The caller removes the file. Where
// ctx ends first, r may still be read afterwards.
func Spool(ctx context.Context, r io.Reader) (path string, err error) {
	f, err := os.CreateTemp("", "chatspec-batch-*.jsonl")
	if err != nil {
		return "", err
	}
	copied := make(chan error, 1)
	go func() {
		_, err := io.Copy(f, r)
		copied <- errors.Join(err, f.Close())
	}()
	select {
	case err = <-copied:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// Report is what [Check] has found.
type Report struct {
	Lines  int64 // that are not blank
	Broken int64 // that a run would not send
}

// Check reads an input as a run would, and tells broken of each line that cannot be sent, with the number of the
// line in the failure: first the lines that are wrong by themselves, then those whose custom_id an earlier one has.
func Check(ctx context.Context, options Options, checker *batch.Checker, broken func(failure *batch.Failure)) (Report, error) {
	var r Report
	var known bitmap
	tell := func(line int64, failure *batch.Failure) {
		known.grow(line)
		if failure != nil && known.set(line) {
			failure.Line = line
			r.Broken++
			broken(failure)
		}
	}
	found, err := survey(ctx, options.In, options.name(), func(text []byte, line int64) {
		failure := tooLong(text)
		if failure == nil {
			_, _, failure = checker.Check(text)
		}
		tell(line, failure)
	})
	if err != nil {
		return Report{}, err
	}
	for _, again := range found.repeated {
		tell(again.line, again.failure())
	}
	r.Lines = found.lines
	return r, nil
}

func tooLong(text []byte) *batch.Failure {
	if text != nil {
		return nil
	}
	return &batch.Failure{Code: batch.CodeTooLarge, Message: fmt.Sprintf("the line is longer than %d MiB", MaxLineBytes>>20)}
}

// surveyed is what the first reading of an input finds.
type surveyed struct {
	lines    int64 // that are not blank
	last     int64 // the number of the last one
	sum      []byte
	repeated []repeated
}

// survey reads an input from its beginning to its end, and shows each line to see, which may be nil.
func survey(ctx context.Context, path, name string, see func(text []byte, line int64)) (*surveyed, error) {
	in, err := openInput(path, name)
	if err != nil {
		return nil, err
	}
	defer in.close()
	ids := new(index)
	defer ids.close()
	s := new(surveyed)
	for ctx.Err() == nil {
		text, line, err := in.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		s.lines++
		s.last = line
		if r, _ := batch.ParseRequest(text); r.CustomID != "" {
			if err := ids.add(r.CustomID, line); err != nil {
				return nil, err
			}
		}
		if see != nil {
			see(text, line)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.repeated, err = ids.repeated(); err != nil {
		return nil, err
	}
	s.sum, err = in.sum()
	return s, err
}
