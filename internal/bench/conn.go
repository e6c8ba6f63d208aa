package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// answerTimeout bounds one request, so that a hanging server ends the run.
const answerTimeout = 30 * time.Second

// conn is one kept-alive HTTP/1.1 connection. It costs a fraction of net/http,
// and that matters because load and server share the machine.
type conn struct {
	addr string
	c    net.Conn
	r    *bufio.Reader
}

func (c *conn) close() {
	if c.c != nil {
		c.c.Close()
		c.c = nil
	}
}

// do sends a whole request and returns the status of the answer, whose body it
// drops. After an error the next call connects anew.
func (c *conn) do(request []byte) (int, error) {
	if c.c == nil {
		nc, err := net.DialTimeout("tcp", c.addr, answerTimeout)
		if err != nil {
			return 0, err
		}
		c.c, c.r = nc, bufio.NewReaderSize(nc, 4<<10)
	}
	c.c.SetDeadline(time.Now().Add(answerTimeout))
	status, keep, err := c.exchange(request)
	if err != nil || !keep {
		c.close()
	}
	return status, err
}

func (c *conn) exchange(request []byte) (status int, keep bool, err error) {
	if _, err := c.c.Write(request); err != nil {
		return 0, false, err
	}
	line, err := c.line()
	if err != nil {
		return 0, false, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, false, fmt.Errorf("status line %.40q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, false, fmt.Errorf("status line %.40q", line)
	}
	keep, err = c.rest()
	return status, keep, err
}

// line returns the next line without its end; it is valid until the next read.
func (c *conn) line() ([]byte, error) {
	b, err := c.r.ReadSlice('\n')
	return bytes.TrimRight(b, "\r\n"), err
}

// rest reads headers and drops the body; it reports whether the connection may be used again.
func (c *conn) rest() (keep bool, err error) {
	keep, length := true, -1
	chunked := false
	for {
		line, err := c.line()
		if err != nil {
			return false, err
		}
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			length, err = strconv.Atoi(string(value))
		case bytes.EqualFold(name, []byte("Connection")):
			keep = !bytes.EqualFold(value, []byte("close"))
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		}
		if err != nil {
			return false, err
		}
	}
	if chunked {
		return keep, c.chunks()
	}
	if length < 0 {
		return false, errors.New("answer without a length")
	}
	_, err = c.r.Discard(length)
	return keep, err
}

func (c *conn) chunks() error {
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(string(line), 16, 32)
		if err != nil {
			return err
		}
		if _, err := io.CopyN(io.Discard, c.r, n+2); err != nil || n == 0 {
			return err
		}
	}
}
