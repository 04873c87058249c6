package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCompleteKnowsAll compares completions with the help, for every command.
func TestCompleteKnowsAll(t *testing.T) {
	t.Parallel()
	for _, cmd := range commands() {
		words := strings.Fields(cmd.name)
		if found := complete(words); !slices.Contains(found, words[len(words)-1]+"\t"+cmd.summary) {
			t.Errorf("%s is not among %q", cmd.name, found)
		}
		_, flags, _ := strings.Cut(cmd.usage(), "\nFlags, ")
		found := complete(append(words, "-"))
		for line := range strings.Lines(flags) {
			if name, ok := strings.CutPrefix(line, "  -"); ok {
				name = "-" + strings.Fields(name)[0]
				if !slices.ContainsFunc(found, func(f string) bool { return strings.HasPrefix(f, name+"\t") }) {
					t.Errorf("%s %s is not among %q", cmd.name, name, found)
				}
			}
		}
	}
}

func TestComplete(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ typed, want string }{
		{"", ""},
		{"se", "serve\tserve a fake server for trying clients"},
		{"chat -no", "-no-stream\task for the whole answer at once"},
		{"chat -markdown ", "auto on off"},
		{"chat -markdown o", "on off"},
		{"chat Hi -image ", ":files"},
		{"chat -model ", ""},
		{"chat -yes ", ""},
		{"chat ", ""},
		{"list -order ", "asc desc"},
		{"drift ", ":files"},
		{"generate -o ", ":files"},
		{"help mess", "messages"},
		{"completion ", "bash fish zsh"},
		{"unknown ", ""},
		{"bat", "batch\tanswer a file of prompts, on one machine or many"},
		{"batch r", "run\tanswer a file of prompts, at the rate that the server allows"},
		{"batch s", "submit\tput a file of prompts on a NATS server, for many machines status\tsay how far the jobs on a NATS server are"},
		{"batch run ", ":files"},
		{"batch run -ord", "-ordered\twrite answers in the order of IN"},
	} {
		if tc.typed == "" {
			if got := complete(nil); got != nil {
				t.Errorf("%q", got)
			}
			continue
		}
		if got := strings.Join(complete(strings.Split(tc.typed, " ")), " "); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.typed, got, tc.want)
		}
	}
}

func TestCompletionUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"completion"}, {"completion", "tcsh"}, {"completion", "bash", "zsh"}} {
		program(t, nil, args...).check(t, exitUsage, "", "chatspec: want bash, zsh or fish; see chatspec help completion\n")
	}
	program(t, nil, "completion", "words", "--", "chat", "-markdown", "o").check(t, exitOK, "on\noff\n", "")
}

// TestCompletionInBash sources the script in a bash and completes there, with files too. The scripts for other shells are
// only parsed, where there is such a shell.
func TestCompletionInBash(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "chatspec"), ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	picture := write(t, "a picture.png", "")
	const script = `PATH=$1:$PATH
source <(chatspec completion bash) || exit
complete -p chatspec
shift
COMP_WORDS=(chatspec "$@")
COMP_CWORD=$#
_chatspec
printf '%s\n' "${COMPREPLY[@]}"
`
	for _, tc := range []struct {
		typed []string
		want  string
	}{
		{[]string{"gen"}, "generate"},
		{[]string{"chat", "-markdown", ""}, "auto\non\noff"},
		{[]string{"chat", "-s"}, "-save\n-schema\n-store\n-system"},
		{[]string{"chat", "-image", strings.TrimSuffix(picture, "ture.png")}, picture},
		{[]string{"chat", "H"}, ""},
	} {
		args := append([]string{"-c", script, "bash", dir}, tc.typed...)
		out, err := exec.Command(bash, args...).CombinedOutput()
		want := "complete -F _chatspec chatspec\n" + tc.want + "\n"
		if got := string(out); err != nil || got != want {
			t.Errorf("%q: %v\n%s\nwant:\n%s", tc.typed, err, got, want)
		}
	}
	for _, shell := range []string{"zsh", "fish"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("there is no %s", shell)
			continue
		}
		if out, err := exec.Command(path, "-n", write(t, "script", shells[shell])).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
}
