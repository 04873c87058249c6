// Package jetstream is the queue of many machines: lines of a file become messages of NATS JetStream, workers anywhere
// answer them, and what they answered becomes lines of files again.
//
// A [Job] is one input with its settings, under a name. On the server it is four things, which [Create] makes:
//
//   - a stream of tasks, one message for each line that has no answer yet: a work queue, from which a message is
//     removed when its worker acknowledges it. All workers share one durable consumer.
//   - a stream of answers, one message for each line that has one, on a subject of its own.
//   - a key-value bucket: what the job is and how far it is submitted, who works, and the rate limit that the
//     workers share (see [Limiter]).
//   - an object store, for lines and answers that are longer than a message may be.
//
// # Exactly once, and what that rests on
//
// Every line gets exactly one answer. The stream of answers keeps one message for each subject and refuses another
// (MaxMsgsPerSubject 1, DiscardNew, DiscardNewPerSubject): the server itself, whoever publishes, and for as long as
// the job exists. Message IDs are sent as well, but the server knows them only for the duplicate window, seconds;
// they make a publication that was repeated at once a success, and nothing rests on them. The price is memory: a
// server keeps about 0.45 kB for each line of a job, so jobs have millions of lines, not billions.
//
// No line is lost. A worker acknowledges a task only after the server has acknowledged the answer. If it dies before
// that, the task comes again after AckWait; one that is under way for longer is kept by heartbeats. If the
// acknowledgement is lost, the task comes again too; but every task is looked up among the answers before it is
// asked. The acknowledgement therefore need not be confirmed.
//
// A line is asked twice only where a worker, or the server beside it, was lost between asking and recording.
//
// Submitting can be broken off anywhere and repeated. How far it got is recorded after each [SubmitBlock] lines, once
// the server has acknowledged all of them. The lines behind that may be there or not: they are submitted again, are
// refused where they still wait (the tasks, too, are one for each subject), and are not asked where they have an
// answer. A job of which messages are missing, because a power cut took them, is submitted anew in the same way, from
// its first line.
//
// # What a power cut takes
//
// JetStream writes to files, which outlive any kill -9, and syncs them every two minutes unless the server is told
// otherwise. With three replicas in places that do not lose power together nothing is lost. A single server loses up
// to what it had not synced: answers, which are then asked again, after the input was submitted again.
package jetstream
