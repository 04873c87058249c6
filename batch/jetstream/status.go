package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/chatspec/chatspec/batch"
)

// Status is how far a job is.
type Status struct {
	Spec
	Submitted Submitted

	Waiting  int64 // tasks that no worker has
	UnderWay int64 // tasks that workers have
	Answered int64 // lines that have an answer, failed ones included
	Failed   int64 // of them, as the workers have said: of one that was killed the last two seconds may be missing

	Workers int          // that were heard of lately
	Rate    float64      // their answers in a second, lately
	Limits  batch.Limits // what all workers together may use in a minute, as far as it is known
}

// Missing returns how many lines have no answer.
func (s *Status) Missing() int64 { return s.Lines - s.Answered }

// Lost returns how many lines the server should have and has not, which only a power cut can bring about. When the input is
// submitted again, they are there again.
func (s *Status) Lost() int64 {
	return max(0, s.Submitted.Lines-s.Answered-s.Waiting-s.UnderWay)
}

// workerGone is how long a worker may not be heard of before it counts as gone.
const workerGone = 5 * reportInterval

// Status returns how far the job is.
func (j *Job) Status(ctx context.Context) (Status, error) {
	var s Status
	err := j.retry(ctx, func(ctx context.Context) (err error) {
		if s, err = j.status(ctx); err != nil {
			return err
		}
		return j.addWorkers(ctx, &s)
	})
	return s, err
}

// Names returns the names of the jobs on a server, in their order.
func Names(ctx context.Context, conn *nats.Conn, wait Patience) (names []string, err error) {
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, err
	}
	err = wait.retry(ctx, conn, func(ctx context.Context) error {
		names = nil
		list := js.KeyValueStoreNames(ctx)
		for bucket := range list.Name() {
			if name, ok := strings.CutPrefix(bucket, bucketPrefix); ok {
				names = append(names, name)
			}
		}
		return list.Error()
	})
	slices.Sort(names)
	return names, err
}

// status asks for what the server counts. The tasks come first, and an answered one leaves them after it is among the
// answers, so none is missed.
func (j *Job) status(ctx context.Context) (s Status, err error) {
	r, _, err := j.record(ctx)
	if err != nil {
		return s, err
	}
	s.Spec, s.Submitted = r.Spec, r.Submitted
	consumer, err := j.js.Consumer(ctx, j.tasks(), consumerName)
	if err != nil {
		return s, err
	}
	tasks, err := j.count(ctx, j.tasks())
	if err != nil {
		return s, err
	}
	s.UnderWay = min(tasks, int64(consumer.CachedInfo().NumAckPending))
	s.Waiting = tasks - s.UnderWay
	s.Answered, err = j.count(ctx, j.answers())
	return s, err
}

// ended says whether every line was submitted and none waits for an answer.
func (j *Job) ended(ctx context.Context) (bool, error) {
	r, _, err := j.record(ctx)
	if err != nil || !r.Complete {
		return false, err
	}
	tasks, err := j.count(ctx, j.tasks())
	return tasks == 0, err
}

// count returns how many messages a stream has.
func (j *Job) count(ctx context.Context, stream string) (int64, error) {
	s, err := j.js.Stream(ctx, stream)
	if err != nil {
		return 0, err
	}
	return int64(s.CachedInfo().State.Msgs), nil
}

// addWorkers adds what the workers say.
func (j *Job) addWorkers(ctx context.Context, s *Status) error {
	now, err := j.now(ctx)
	if err != nil {
		return err
	}
	s.Failed = s.Submitted.Refused
	keys, err := j.kv.ListKeysFiltered(ctx, keyWorkers+"*")
	if err != nil {
		return err
	}
	for key := range keys.Keys() {
		entry, err := j.kv.Get(ctx, key)
		if err != nil {
			return err
		}
		var w worker
		if err := json.Unmarshal(entry.Value(), &w); err != nil {
			return err
		}
		s.Failed += w.Failed
		if !w.Left && now.Sub(entry.Created()) < workerGone {
			s.Workers++
			s.Rate += w.Rate
		}
	}
	b, err := j.budget(ctx)
	s.Limits = batch.Limits{Requests: b.Budget.Requests.PerMinute, Tokens: b.Budget.Tokens.PerMinute}
	return err
}

// now returns the time of the server, so that the clocks of machines need not agree.
func (j *Job) now(ctx context.Context) (time.Time, error) {
	revision, err := j.kv.Put(ctx, keyClock, nil)
	if err != nil {
		return time.Time{}, err
	}
	entry, err := j.kv.Get(ctx, keyClock)
	if err == nil && entry.Revision() < revision {
		err = errBehind
	}
	if err != nil {
		return time.Time{}, err
	}
	return entry.Created(), nil
}

// errBehind says that a replica answered which has not heard the latest.
var errBehind = errors.New("the server is behind")

// budget returns the rate limit that workers share; an empty one where there is none yet.
func (j *Job) budget(ctx context.Context) (s shared, err error) {
	entry, err := j.kv.Get(ctx, keyBudget)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(entry.Value(), &s)
	}
	return s, err
}
