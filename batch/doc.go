// Package batch turns a file of prompts into a file of answers: at the rate that the provider allows, with
// nothing lost, and nothing asked twice unless a crash lost the answer.
//
// A [Queue] hands out tasks, which are lines of the input, and takes their answers; a [Scheduler] takes tasks,
// asks, and gives answers back; a [Limiter] says when the next request may be sent. The scheduler is the same on
// one machine and on many, and knows neither files nor networks: what differs is the queue, and whether the
// limiter is shared.
//
//	input lines → Queue.Next → Scheduler: parse, check, wait for the Limiter, ask, judge → Queue.Finish → answer lines
//
// Package files is the queue of one machine: an input file, an output file and an error file. The answers in
// these files are the only record of what is done. An answer line names its input line (see [Job]), so that a
// run which goes on after a crash reads there what it need not ask again. Package jetstream is the queue of many
// machines.
//
// The lines have the form of OpenAI's batch files: [Request] reads those of the input, [Answer] writes those of
// the output and of the error file.
package batch
