package chattest

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	chat "github.com/chatspec/chatspec/generated"
)

// When makes the reply one for requests that suits says yes to. A request gets the first reply of the script that
// is for it and not used up, so a script can be in the order of the requests, answer by what they ask, or both. A
// reply without a condition is for all requests; called again, both conditions must hold. suits may be called
// from several goroutines, one at a time; it must not change the script. If it panics, the answer has status 500
// and the test fails.
func (r Reply) When(suits func(req chat.CreateChatCompletionRequest) bool) Reply {
	before := r.suits
	switch {
	case suits == nil: // no condition
	case before == nil:
		r.suits = suits
	default:
		r.suits = func(req chat.CreateChatCompletionRequest) bool { return before(req) && suits(req) }
	}
	return r
}

// WhenPrompt is [Reply.When] for requests in which the user had the last word, and said something that contains
// the text. Parts of a message that are not text say nothing.
func (r Reply) WhenPrompt(text string) Reply {
	return r.When(func(req chat.CreateChatCompletionRequest) bool {
		said, byTool := lastWords(req.Messages)
		return !byTool && strings.Contains(said, text)
	})
}

// WhenToolResult is [Reply.When] for the next round: requests in which a tool had the last word, with a result
// that contains the text.
func (r Reply) WhenToolResult(text string) Reply {
	return r.When(func(req chat.CreateChatCompletionRequest) bool {
		said, byTool := lastWords(req.Messages)
		return byTool && strings.Contains(said, text)
	})
}

// script is a list of replies. It has a lock of its own, because conditions are asked while it is held, and they
// may look at the requests.
type script struct {
	mu      sync.Mutex
	replies []scripted
	total   int // replies that were ever added
	asked   int // requests that took a reply or found none
}

// scripted is a reply of a script.
type scripted struct {
	Reply

	used bool // a repeated reply that has answered; others leave the script
}

func (s *script) add(replies []Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, reply := range replies {
		s.replies = append(s.replies, scripted{Reply: reply})
	}
	s.total += len(replies)
}

// next takes the next reply that is for the request. Its error says which request that was.
func (s *script) next(req *chat.CreateChatCompletionRequest) (Reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.total == 0 {
		return BuiltIn(), nil
	}
	reply, err := s.find(req)
	if err != nil {
		return Reply{}, fmt.Errorf("request %d for a completion, %s: %w", s.asked, asked(req), err)
	}
	return reply, nil
}

// find takes the next reply that is for the request. The caller has the lock.
func (s *script) find(req *chat.CreateChatCompletionRequest) (reply Reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the condition of a reply panicked: %v", p)
		}
	}()
	i := slices.IndexFunc(s.replies, func(reply scripted) bool { return reply.suits == nil || reply.suits(*req) })
	switch {
	case i >= 0:
	case len(s.replies) == 0:
		return Reply{}, fmt.Errorf("the script has no reply left; it had %d", s.total)
	default:
		return Reply{}, fmt.Errorf("none of the %d replies that are left in the script is for it", len(s.replies))
	}
	reply = s.replies[i].Reply
	if reply.repeated {
		s.replies[i].used = true
	} else {
		s.replies = slices.Delete(s.replies, i, i+1)
	}
	return reply, nil
}

// maxAsked is how many characters of a message an error shows.
const maxAsked = 100

// asked says by its last words which request it is.
func asked(req *chat.CreateChatCompletionRequest) string {
	said, byTool := lastWords(req.Messages)
	if runes := []rune(said); len(runes) > maxAsked {
		said = string(runes[:maxAsked]) + " …"
	}
	if byTool {
		return fmt.Sprintf("last tool result %q", said)
	}
	return fmt.Sprintf("last user message %q", said)
}

// unused counts the replies that have answered nothing.
func (s *script) unused() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, reply := range s.replies {
		if !reply.used {
			n++
		}
	}
	return n
}
