package main

import (
	"context"
	"flag"
	"maps"
	"slices"
	"strings"
)

// shells has a script for each shell. All they do is to ask this program, so that they need not change with it: what it
// prints are words with their meaning behind a tab, and ":files" where the names of files fit.
var shells = map[string]string{
	"bash": `_chatspec() {
	local IFS=$'\n' line
	COMPREPLY=()
	while read -r line; do
		case $line in
		:files)
			compopt -o filenames 2>/dev/null
			COMPREPLY+=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
			;;
		*) COMPREPLY+=("${line%%$'\t'*}") ;;
		esac
	done < <("${COMP_WORDS[0]}" completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _chatspec chatspec
`,
	"zsh": `#compdef chatspec
_chatspec() {
	local line
	local -a found
	for line in "${(@f)$("${words[1]}" completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
		case $line in
		'') ;;
		:files) _files ;;
		*$'\t'*) found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
		*) found+=("${line//:/\\:}") ;;
		esac
	done
	_describe chatspec found
}
if [ "$funcstack[1]" = _chatspec ]; then _chatspec; else compdef _chatspec chatspec; fi
`,
	"fish": `function __chatspec
	set -l typed (commandline -opc) (commandline -ct)
	for line in ($typed[1] completion words -- $typed[2..-1] 2>/dev/null)
		switch $line
			case :files
				__fish_complete_path (commandline -ct)
			case '*'
				echo $line
		end
	end
end
complete -c chatspec -f -a '(__chatspec)'
`,
}

// askWords is what the scripts ask for, with the words that are typed behind it.
const askWords = "words"

func completionCommand() command {
	return command{
		name:    "completion",
		args:    "bash | zsh | fish",
		summary: "print a script that completes commands and flags in a shell",
		help: `Prints a script with which a shell completes commands, flags and their values.

  source <(chatspec completion bash)         (in ~/.bashrc)
  source <(chatspec completion zsh)          (in ~/.zshrc, behind compinit)
  chatspec completion fish | source          (in ~/.config/fish/config.fish)
`,
		words: func() []string { return slices.Sorted(maps.Keys(shells)) },
		flags: func(*flag.FlagSet) action {
			return func(_ context.Context, c *console, args []string) error {
				switch {
				case len(args) == 1 && shells[args[0]] != "":
					return c.print(shells[args[0]])
				case len(args) > 0 && args[0] == askWords:
					return c.print(strings.Join(append(complete(args[1:]), ""), "\n"))
				}
				return usageError{text: "want bash, zsh or fish"}
			}
		},
	}
}

// files stands among completions for the names of files.
const files = ":files"

// fileWords are the words of commands whose arguments are files.
func fileWords() []string { return []string{files} }

// commandWords returns the words with which commands go on that begin with prefix, and what they mean.
func commandWords(prefix string) (words []string) {
	for _, cmd := range commands() {
		if rest, ok := strings.CutPrefix(cmd.name, prefix); ok && !strings.Contains(rest, " ") {
			words = append(words, rest+"\t"+cmd.summary)
		}
	}
	return words
}

// complete returns what the last of the words typed behind "chatspec" may become: words, each with its meaning behind a
// tab.
func complete(typed []string) []string {
	last := len(typed) - 1
	if last < 0 {
		return nil
	}
	if last == 1 && len(commandsAfter(typed[0])) > 0 {
		return beginning(commandWords(typed[0]+" "), typed[last])
	}
	if last > 1 && slices.Contains(commandsAfter(typed[0]), typed[1]) {
		typed = append([]string{typed[0] + " " + typed[1]}, typed[2:]...)
		last--
	}
	if last == 0 {
		return beginning(commandWords(""), typed[last])
	}
	cmd, err := findCommand(typed[0])
	if err != nil {
		return nil
	}
	fs := flag.NewFlagSet(cmd.name, flag.ContinueOnError)
	cmd.flags(fs)
	if f := valueless(fs, typed[last-1]); f != nil && last > 1 {
		return beginning(valuesOf(f), typed[last])
	}
	var found []string
	switch {
	case strings.HasPrefix(typed[last], "-"):
		fs.VisitAll(func(f *flag.Flag) {
			_, meaning := flag.UnquoteUsage(f)
			found = append(found, "-"+f.Name+"\t"+meaning)
		})
	case cmd.words != nil:
		found = cmd.words()
	}
	return beginning(found, typed[last])
}

// valueless returns the flag that a word names, if its value is the next word; else nil.
func valueless(fs *flag.FlagSet, word string) *flag.Flag {
	name, ok := strings.CutPrefix(word, "-")
	if !ok {
		return nil
	}
	f := fs.Lookup(strings.TrimPrefix(name, "-"))
	if f == nil {
		return nil
	}
	if b, ok := f.Value.(interface{ IsBoolFlag() bool }); ok && b.IsBoolFlag() {
		return nil
	}
	return f
}

// valuesOf returns what the value of a flag may be, as far as that is known.
func valuesOf(f *flag.Flag) []string {
	if v, ok := f.Value.(interface{ Values() []string }); ok {
		return v.Values()
	}
	switch placeholder, _ := flag.UnquoteUsage(f); placeholder {
	case "FILE", "DIR", "CMD":
		return []string{files}
	}
	return nil
}

// beginning returns the words that begin with what is typed.
func beginning(found []string, typed string) []string {
	return slices.DeleteFunc(found, func(word string) bool { return word != files && !strings.HasPrefix(word, typed) })
}
