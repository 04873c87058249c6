package batch

import "context"

// Task is a line of the input that has no answer yet. It belongs to the scheduler from [Queue.Next] until it goes
// back with Finish or Release.
type Task struct {
	// ID names the task among those of all inputs, see [Job]. It is the ID of the answer line.
	ID string
	// Line is the number of the line in the input, from 1.
	Line int64
	// Text is the line without its line feed. The queue neither reads nor writes it any more.
	Text []byte
	// Refused says why the line must not be sent, as far as only the queue knows it, such as a custom_id that
	// an earlier line has; nil if nothing speaks against it. The scheduler finishes such a task without asking.
	Refused *Failure
	// Handle is the queue's own, such as the message that brought the task. The scheduler does not look at it.
	Handle any
}

// Queue is where tasks come from and answers go. The scheduler calls Next from one goroutine, and Finish and
// Release from many at once, also while Next waits.
//
// What a Queue promises is that in the end every line of the input has exactly one answer line, whatever dies
// when. So it hands no task to two workers at once while both live, it hands a task out again if it came back by
// Release or its worker died before Finish had returned, and it records no second answer for a task: the first
// one stays. A task that is handed out again is asked again, and paid again; that is the only way in which
// anything is asked twice.
type Queue interface {
	// Next returns a task that has no answer. Where there is none now but may be later, because other workers
	// hold some or the input is still growing, it waits. io.EOF says that this run has nothing more to do. Any
	// other error, that of ctx included, ends the run.
	//
	// From here on the task is the scheduler's for as long as that takes, which may be minutes: a queue whose
	// tasks come back by themselves after some time (redelivery) keeps this one from it, by heartbeats of its
	// own, until Finish or Release is called.
	Next(ctx context.Context) (*Task, error)

	// Finish records the answer, and returns once it outlives the process. Only then does the queue
	// acknowledge the task, in that order: between the two a crash costs a second request at most, never a
	// line. The queue says in its own documentation what a power cut can take.
	//
	// An error means that the answer may not be recorded. The run ends, and the task counts as not answered.
	Finish(ctx context.Context, task *Task, answer *Answer) error

	// Release gives a task back that was not answered, so that this worker's end need not be noticed first. It
	// is a courtesy, and so has no error.
	Release(task *Task)
}
