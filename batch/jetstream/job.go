package jetstream

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/chatspec/chatspec/batch"
)

// Spec is what a job is: an input, and all that its answers depend on. Workers need nothing else to know.
type Spec struct {
	ID    batch.Job `json:"id"`    // of the input and the settings
	Input string    `json:"input"` // what messages call the input
	Lines int64     `json:"lines"` // that the input has, without blank ones
	Last  int64     `json:"last"`  // the number of the last of them

	Model         string          `json:"model,omitempty"`
	System        string          `json:"system,omitempty"`
	Schema        json.RawMessage `json:"schema,omitempty"`
	SchemaRetries int             `json:"schema_retries,omitempty"`
}

// Options say how a job is kept on the server. They count where the job is created.
type Options struct {
	// Replicas is on how many servers of a cluster everything is kept; 0 is for 1. Three outlive one.
	Replicas int
	// AckWait is how long a task stays with a worker that is not heard of; 0 is for DefaultAckWait. The
	// worker is heard of three times in that time.
	AckWait time.Duration
	// Duplicates is how long the server knows the IDs of messages, in memory; 0 is for DefaultDuplicates. Nothing
	// is lost or doubled if it is short.
	Duplicates time.Duration
}

// The defaults of [Options].
const (
	DefaultAckWait    = 30 * time.Second
	DefaultDuplicates = 10 * time.Second
)

// maxAckPending is how many tasks may be with workers at once, all of them together.
const maxAckPending = 100_000

// The durable consumer that all workers share; a work queue refuses a second one.
const consumerName = "workers"

// The keys of a job in its bucket.
const (
	keyJob     = "job"
	keyBudget  = "budget"
	keyClock   = "clock"
	keyWorkers = "worker."
)

// ErrNoJob says that there is no job of that name.
var ErrNoJob = errors.New("jetstream: there is no such job")

// OtherInputError says that a job of that name exists already and is not the one that was to be created.
type OtherInputError struct{ Name, Input string }

// Error says which input the job has.
func (e *OtherInputError) Error() string {
	return fmt.Sprintf("jetstream: job %q is there already, for %s with other lines or other settings", e.Name, e.Input)
}

// Job is a job on a server. It is safe for concurrent use.
type Job struct {
	name string
	spec Spec
	conn *nats.Conn
	js   jetstream.JetStream
	kv   jetstream.KeyValue
	big  jetstream.ObjectStore
	wait Patience

	taskStream, answerStream jetstream.Stream
}

// record is what the bucket says of a job.
type record struct {
	Spec
	Submitted `json:"submitted"`
}

// Submitted says how far an input is submitted.
type Submitted struct {
	Line     int64 `json:"line"`     // all lines up to this number
	Lines    int64 `json:"lines"`    // how many that are, without blank ones
	Refused  int64 `json:"refused"`  // how many of them were answered without asking
	Complete bool  `json:"complete"` // there are no further ones
}

// validName is what names of streams and buckets may consist of.
var validName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Create makes a job, or opens it where it is there already with the same Spec.ID; else the error is an
// *[OtherInputError]. A job that was made only in part is completed.
func Create(ctx context.Context, conn *nats.Conn, name string, spec Spec, options Options, wait Patience) (*Job, error) {
	j, err := newJob(conn, name, wait)
	if err != nil {
		return nil, err
	}
	err = wait.retry(ctx, conn, func(ctx context.Context) error {
		if j.kv, err = j.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: j.bucket(), Replicas: options.Replicas}); err != nil {
			return err
		}
		data, err := json.Marshal(record{Spec: spec})
		if err != nil {
			return err
		}
		if _, err := j.kv.Create(ctx, keyJob, data); err != nil && !errors.Is(err, jetstream.ErrKeyExists) {
			return err
		}
		if err := j.load(ctx); errors.Is(err, jetstream.ErrKeyNotFound) {
			return errBehind
		} else if err != nil {
			return err
		}
		if j.spec.ID != spec.ID {
			return &OtherInputError{name, j.spec.Input}
		}
		return j.create(ctx, options)
	})
	if err != nil {
		return nil, err
	}
	return j, nil
}

// Open opens a job that is there; else the error is ErrNoJob.
func Open(ctx context.Context, conn *nats.Conn, name string, wait Patience) (*Job, error) {
	j, err := newJob(conn, name, wait)
	if err != nil {
		return nil, err
	}
	err = wait.retry(ctx, conn, func(ctx context.Context) (err error) {
		if j.kv, err = j.js.KeyValue(ctx, j.bucket()); err != nil {
			return err
		}
		if err := j.load(ctx); err != nil {
			return err
		}
		if j.taskStream, err = j.js.Stream(ctx, j.tasks()); err != nil {
			return err
		}
		if j.answerStream, err = j.js.Stream(ctx, j.answers()); err != nil {
			return err
		}
		j.big, err = j.js.ObjectStore(ctx, j.bucket())
		return err
	})
	if errors.Is(err, jetstream.ErrBucketNotFound) || errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, ErrNoJob
	}
	if err != nil {
		return nil, err
	}
	return j, nil
}

func newJob(conn *nats.Conn, name string, wait Patience) (*Job, error) {
	if !validName.MatchString(name) {
		return nil, fmt.Errorf("jetstream: %q cannot be the name of a job: want up to 64 letters, digits, - and _", name)
	}
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(SubmitBlock), jetstream.WithPublishAsyncTimeout(attemptTimeout))
	if err != nil {
		return nil, err
	}
	return &Job{name: name, conn: conn, js: js, wait: wait}, nil
}

// Name returns the name of the job.
func (j *Job) Name() string { return j.name }

// Spec returns what the job is.
func (j *Job) Spec() Spec { return j.spec }

// Delete removes the job from the server, answers included.
func (j *Job) Delete(ctx context.Context) error {
	return j.retry(ctx, func(ctx context.Context) error {
		for _, remove := range []func() error{
			func() error { return j.js.DeleteStream(ctx, j.tasks()) },
			func() error { return j.js.DeleteStream(ctx, j.answers()) },
			func() error { return j.js.DeleteObjectStore(ctx, j.bucket()) },
			func() error { return j.js.DeleteKeyValue(ctx, j.bucket()) }, // last, because a job without it is none
		} {
			if err := remove(); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) && !errors.Is(err, jetstream.ErrBucketNotFound) {
				return err
			}
		}
		return nil
	})
}

// create makes what a job consists of, beside its bucket.
func (j *Job) create(ctx context.Context, options Options) error {
	shared := jetstream.StreamConfig{
		Storage:              jetstream.FileStorage,
		Replicas:             options.Replicas,
		Duplicates:           cmp.Or(options.Duplicates, DefaultDuplicates),
		MaxMsgsPerSubject:    1,
		Discard:              jetstream.DiscardNew,
		DiscardNewPerSubject: true,
	}
	tasks, answers := shared, shared
	tasks.Name, tasks.Subjects, tasks.Retention = j.tasks(), []string{j.taskSubject("*")}, jetstream.WorkQueuePolicy
	answers.Name, answers.Subjects = j.answers(), []string{j.answerSubject("*")}
	answers.AllowDirect = options.Replicas <= 1 // which is cheaper; of several, any may answer, also one that is behind
	var err error
	if j.taskStream, err = j.js.CreateOrUpdateStream(ctx, tasks); err != nil {
		return err
	}
	if j.answerStream, err = j.js.CreateOrUpdateStream(ctx, answers); err != nil {
		return err
	}
	_, err = j.js.CreateOrUpdateConsumer(ctx, j.tasks(), jetstream.ConsumerConfig{
		Durable:       consumerName,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       cmp.Or(options.AckWait, DefaultAckWait),
		MaxAckPending: maxAckPending,
		Replicas:      options.Replicas,
	})
	if err != nil {
		return err
	}
	j.big, err = j.js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: j.bucket(), Replicas: options.Replicas})
	return err
}

// load reads what the job is.
func (j *Job) load(ctx context.Context) error {
	r, _, err := j.record(ctx)
	j.spec = r.Spec
	return err
}

func (j *Job) record(ctx context.Context) (r record, revision uint64, err error) {
	entry, err := j.kv.Get(ctx, keyJob)
	if err != nil {
		return r, 0, err
	}
	if err := json.Unmarshal(entry.Value(), &r); err != nil {
		return r, 0, fmt.Errorf("jetstream: job %q cannot be read: %w", j.name, err)
	}
	return r, entry.Revision(), nil
}

func (j *Job) retry(ctx context.Context, op func(context.Context) error) error {
	return j.wait.retry(ctx, j.conn, op)
}

// The names of what a job consists of.
func (j *Job) bucket() string  { return bucketPrefix + j.name }
func (j *Job) tasks() string   { return bucketPrefix + j.name + "-tasks" }
func (j *Job) answers() string { return bucketPrefix + j.name + "-answers" }

const bucketPrefix = "batch-"

// The subjects of a job; the last word is the number of a line.
func (j *Job) taskSubject(line string) string   { return "batch." + j.name + ".task." + line }
func (j *Job) answerSubject(line string) string { return "batch." + j.name + ".answer." + line }

// lineOf returns the line that a subject is about.
func lineOf(subject string) (int64, error) {
	return strconv.ParseInt(subject[strings.LastIndexByte(subject, '.')+1:], 10, 64)
}

func word(line int64) string { return strconv.FormatInt(line, 10) }
