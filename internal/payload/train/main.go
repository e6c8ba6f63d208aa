// Train makes a compression dictionary from files of envelopes and JSON documents:
//
//	go run ./internal/payload/train -id 1 -out internal/payload/dict_1.bin FILE...
//
// A dictionary that has been released must never change, since stored payloads
// need it: make a new one with the next id, and add it to the table in package
// payload.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/klauspost/compress/dict"
	"github.com/klauspost/compress/zstd"

	"relay.one/picket/wire"
)

// size is the dictionary's history: larger ones gain little and cost every
// encoder's memory.
const size = 16 << 10

func main() {
	id := flag.Uint("id", 0, "number of the dictionary, larger than any before it")
	out := flag.String("out", "", "file to write")
	flag.Parse()
	if err := train(uint32(*id), *out, flag.Args()); err != nil {
		log.Fatal(err)
	}
}

func train(id uint32, out string, files []string) error {
	if id == 0 || out == "" || len(files) == 0 {
		return fmt.Errorf("usage: train -id N -out FILE SAMPLE…")
	}
	var samples [][]byte
	for _, name := range files {
		more, err := read(name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		samples = append(samples, more...)
	}
	data, err := dict.BuildZstdDict(samples, dict.Options{MaxDictSize: size, HashBytes: 6, ZstdDictID: id, ZstdDictCompat: true, ZstdLevel: zstd.SpeedFastest})
	if err != nil {
		return fmt.Errorf("build dictionary from %d samples: %w", len(samples), err)
	}
	fmt.Printf("%d samples, %d bytes\n", len(samples), len(data))
	return os.WriteFile(out, data, 0o644)
}

// minSample leaves out what is too short to be stored by itself.
const minSample = 300

// read returns the JSON documents of a file: the items of an envelope, or the
// file itself when it is none.
func read(name string) ([][]byte, error) {
	body, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	env, err := wire.ReadEnvelope(body)
	if err != nil || len(env.Items) == 0 {
		env = &wire.Envelope{Items: []wire.Item{{Payload: body}}}
	}
	var out [][]byte
	for _, item := range env.Items {
		if len(item.Payload) >= minSample && item.Payload[0] == '{' { // and not a compressed body
			out = append(out, item.Payload)
		}
	}
	return out, nil
}
