package main

import (
	"os"

	"keepalived-go/test/vm/talk"
)

// pipes are the standard streams of a command.
type pipes struct {
	inside  []*os.File // the command's ends
	outputs map[int]*os.File
	input   *os.File
}

func openPipes(c talk.Command) (*pipes, error) {
	p := &pipes{outputs: map[int]*os.File{}}
	if err := p.open(c); err != nil {
		p.closeInside()
		p.closeOutside()
		return nil, err
	}
	return p, nil
}

func (p *pipes) open(c talk.Command) error {
	if err := p.openInput(c.Input); err != nil {
		return err
	}
	for _, stream := range []int{talk.Stdout, talk.Stderr} {
		if stream == talk.Stderr && c.Merge {
			p.inside = append(p.inside, p.inside[talk.Stdout])
			continue
		}
		read, write, err := os.Pipe()
		if err != nil {
			return err
		}
		p.inside, p.outputs[stream] = append(p.inside, write), read
	}
	return nil
}

func (p *pipes) openInput(wanted bool) error {
	if !wanted {
		null, err := os.Open(os.DevNull)
		p.inside = append(p.inside, null)
		return err
	}
	read, write, err := os.Pipe()
	p.inside, p.input = append(p.inside, read), write
	return err
}

// closeInside closes the ends that a started command has copies of.
func (p *pipes) closeInside() {
	for _, file := range p.inside {
		file.Close() // twice where streams are merged, which does no harm
	}
}

func (p *pipes) closeOutside() {
	if p.input != nil {
		p.input.Close()
	}
	for _, file := range p.outputs {
		file.Close()
	}
}
