package codec_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/chatspec/chatspec/codec"
	"github.com/chatspec/chatspec/stream"
)

// Transcript is what a service for captions answers when it does not stream.
type Transcript struct {
	ID       string
	Text     string
	Words    []string
	Labels   map[string]string
	Speakers []Speaker
	Summary  *Summary
}

// Speaker is one of those who speak.
type Speaker struct{ Name, Text string }

// Summary comes where somebody asked for one.
type Summary struct{ Text string }

// Piece is an event of its stream.
type Piece struct {
	ID       string
	Text     string
	Words    []string
	Labels   map[string]string
	Speakers []SpeakerPiece
	Summary  *Summary
	Done     bool
}

// SpeakerPiece is what a speaker adds.
type SpeakerPiece struct {
	Index      int
	Name, Text string
}

func (p *Piece) DecodeJSON(d *codec.Decoder) {
	*p = Piece{}
	for more := d.Object(); more; more = d.More() {
		switch string(d.Key()) {
		case "id":
			d.StringTo(&p.ID)
		case "text":
			d.StringTo(&p.Text)
		case "words":
			codec.SliceTo(d, &p.Words, func(v *string, d *codec.Decoder) { d.StringTo(v) })
		case "labels":
			p.Labels = codec.Map(d, func(v *string, d *codec.Decoder) { *v = d.ReadString() })
		case "speakers":
			codec.DeltasTo(d, &p.Speakers, (*SpeakerPiece).DecodeJSON)
		case "summary":
			codec.DeltaTo(d, &p.Summary, (*Summary).DecodeJSON)
		case "done":
			p.Done = d.ReadBool()
		default:
			d.Skip()
		}
	}
}

func (s *SpeakerPiece) DecodeJSON(d *codec.Decoder) {
	*s = SpeakerPiece{}
	for more := d.Object(); more; more = d.More() {
		switch string(d.Key()) {
		case "index":
			d.IntTo(&s.Index)
		case "name":
			d.StringTo(&s.Name)
		case "text":
			d.StringTo(&s.Text)
		default:
			d.Skip()
		}
	}
}

func (s *Summary) DecodeJSON(d *codec.Decoder) {
	*s = Summary{}
	for more := d.Object(); more; more = d.More() {
		if string(d.Key()) == "text" {
			d.StringTo(&s.Text)
		} else {
			d.Skip()
		}
	}
}

// Adding up: texts append, the last of what has no pieces stays, and speakers are told apart by their index.
type transcriptAccumulator struct {
	id       codec.Last[string]
	text     codec.Text
	words    codec.List[string]
	labels   codec.LastAny[map[string]string]
	speakers codec.ByIndex[SpeakerPiece, Speaker, speakerAccumulator, *speakerAccumulator]
	summary  codec.Optional[Summary, Summary, summaryAccumulator, *summaryAccumulator]
}

func (a *transcriptAccumulator) Add(p *Piece) error {
	a.id.Add(p.ID)
	a.text.Add(p.Text)
	a.words.Add(p.Words)
	a.labels.Add(p.Labels)
	a.speakers.Add(p.Speakers)
	a.summary.Add(p.Summary)
	return nil
}

func (a *transcriptAccumulator) Result() *Transcript {
	return &Transcript{
		a.id.Result(), a.text.Result(), a.words.Result(), a.labels.Result(), a.speakers.Result(), a.summary.Result(),
	}
}

type speakerAccumulator struct {
	name codec.Last[string]
	text codec.Text
}

func (a *speakerAccumulator) Add(p *SpeakerPiece) {
	a.name.Add(p.Name)
	a.text.Add(p.Text)
}

func (a *speakerAccumulator) Place(p *SpeakerPiece) (index int, id string) { return p.Index, "" }

func (a *speakerAccumulator) Result() Speaker { return Speaker{a.name.Result(), a.text.Result()} }

type summaryAccumulator struct{ text codec.Text }

func (a *summaryAccumulator) Add(s *Summary) { a.text.Add(s.Text) }

func (a *summaryAccumulator) Result() Summary { return Summary{a.text.Result()} }

// Transcripts is what package stream asks about the stream.
type Transcripts struct{}

func (Transcripts) DecodeChunk(p *Piece, d *codec.Decoder) { p.DecodeJSON(d) }

// An unstreamed answer has the fields of a piece.
func (t Transcripts) DecodeResponse(data []byte, whole *Transcript) error {
	var p Piece
	if err := codec.Unmarshal(data, &p, (*Piece).DecodeJSON); err != nil {
		return err
	}
	var a transcriptAccumulator
	err := a.Add(&p)
	*whole = *a.Result()
	return err
}

func (Transcripts) Chunk(t *Transcript) *Piece {
	return &Piece{
		ID: t.ID, Text: t.Text, Words: t.Words, Labels: t.Labels, Done: true,
		Speakers: codec.Each(t.Speakers, func(s Speaker, i int) SpeakerPiece { return SpeakerPiece{i, s.Name, s.Text} }),
		Summary:  codec.Maybe(t.Summary, func(s Summary, _ int) Summary { return s }),
	}
}

func (Transcripts) Text(p *Piece) string { return p.Text }

func (Transcripts) Progress(p *Piece, progress *codec.Progress) { progress.Choice(0, p.Done) }

func (Transcripts) NewAccumulator() codec.Accumulator[Piece, Transcript] {
	return new(transcriptAccumulator)
}

// A stream that no document describes, with all that package stream knows about how streams end.
func ExampleStream() {
	resp := &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"text/event-stream"}},
		Body: io.NopCloser(strings.NewReader(`data: {"id":"t1","text":"Good ","words":["Good"],"speakers":[{"index":1,"name":"Ann","text":"Good "}]}

data: {"text":"morning!","words":["morning"],"speakers":[{"index":1,"text":"morning!"}],"labels":{"language":"en"}}

data: {"summary":{"text":"A greeting."},"done":true}

`)),
	}
	s, err := stream.OpenWith(resp, Transcripts{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	whole, err := s.Result()
	fmt.Println(whole.ID, whole.Text, whole.Words, whole.Labels, whole.Speakers, *whole.Summary, err)
	// Output: t1 Good morning! [Good morning] map[language:en] [{Ann Good morning!}] {A greeting.} <nil>
}
