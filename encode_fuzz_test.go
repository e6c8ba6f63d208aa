package picket

import (
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// grower composes values in which every secret contains the word hidden1.
type grower struct{ *rand.Rand }

func growOne[T any](g grower, of ...T) T { return of[g.IntN(len(of))] }

func (g grower) secretName() string {
	return growOne(g, "password", "API_KEY", "the_secret", "auth", "access_token", "x-csrf-token", "jwt", "db_pass", "credentials")
}

func (g grower) name() string {
	return growOne(g, "a", "b", "order", "max_tokens", "gen_ai.input.messages", "http.request.header.x", "\xff", "", "k\"", "user.x", "name", "key")
}

func (g grower) text() string {
	s := growOne(g, "visible", "a\xffb", "\x00\x1f\"\\", "ünïcode 😀", "{", "[1,2]", `{"a":"b"}`, `"x"`)
	if g.IntN(2) == 0 {
		return s
	}
	return s + growOne(g,
		" postgres://bob:hidden1@db/app", " password=hidden1", " Bearer hidden1abc", " token: hidden1",
		" -----BEGIN RSA PRIVATE KEY-----\nhidden1\n-----END RSA PRIVATE KEY-----", " sk-hidden1hidden1hidden1hidden1")
}

func (g grower) secret() any {
	return growOne[any](g, "hidden1", []string{"hidden1"}, map[string]any{"a": "hidden1"}, []byte("hidden1"),
		errors.New("hidden1"), struct{ A string }{"hidden1"}, json.RawMessage(`"hidden1"`), &encodeName{"hidden1"})
}

func (g grower) leaf() any {
	return growOne[any](g, nil, true, g.Int(), g.Float64(), math.NaN(), math.Inf(1), g.text(), []byte(g.text()), errors.New(g.text()),
		time.Unix(int64(g.IntN(1e9)), 0), time.Duration(g.Int()), json.Number(g.text()), json.RawMessage(g.text()), &encodeName{g.text()},
		encodePanics{}, encodeBadLog{}, make(chan int), []float64{math.NaN()}, uint8(g.IntN(256)), encodeLevel(g.text()), 1i,
		encodeStruct{Name: g.text(), Password: "hidden1", Rate: growOne(g, 1, math.NaN())}, slog.StringValue(g.text()))
}

func (g grower) value(depth int) any {
	if depth == 0 || g.IntN(3) == 0 {
		return g.leaf()
	}
	switch g.IntN(8) {
	case 0:
		return []any{g.value(depth - 1), g.value(depth - 1)}
	case 1:
		return []any{"--password", "hidden1", []any{g.secretName(), "hidden1"}}
	case 2:
		return map[string]string{g.name(): g.text(), g.secretName(): "hidden1"}
	case 3:
		return &encodeMixed{Good: g.text()}
	case 4:
		return map[int]any{1: g.value(depth - 1)}
	case 5:
		return map[string]any{"name": g.secretName(), "value": "hidden1"}
	}
	return map[string]any{g.name(): g.value(depth - 1), g.secretName(): g.secret(), "z": g.value(depth - 1)}
}

// check encodes a value in every way, and looks for what must not be there.
func (g grower) check(t *testing.T, v any) {
	t.Helper()
	key := g.name()
	for range 2 {
		o := encodeOptions{maxText: growOne(g, 0, 20, 200), maxDepth: growOne(g, 0, 2, 4), noContent: g.IntN(2) == 0, pii: g.IntN(2) == 0}
		got := encodedBy(t, o, func(e *encoder) {
			e.openList()
			e.value(key, v)
			e.next()
			e.open()
			e.plainAttrs([]slog.Attr{slog.Any(key, v), slog.Any(key+"1", v)})
			e.close()
			e.next()
			e.open()
			e.typedAttrs([]slog.Attr{slog.Any(key, v), slog.Group("g", slog.Any("a", v))})
			e.close()
			e.closeList()
		})
		if strings.Contains(got, "hidden1") {
			t.Fatalf("secret in %s of %#v", got, v)
		}
		if !utf8.ValidString(got) || !json.Valid([]byte(got)) {
			t.Fatalf("invalid: %q of %#v", got, v)
		}
	}
}

func TestEncodeAnything(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3000) {
		g := grower{rand.New(rand.NewPCG(seed, 1))}
		g.check(t, g.value(5))
	}
}

func FuzzEncodeValue(f *testing.F) {
	f.Add("text", "key", `{"a":[1,"password=x",{"token":"t"}]}`, uint64(1))
	f.Add("\xff\x00", "", `[[["`, uint64(2))
	f.Add(`{"password":"x"`, "password", `"\ud800"`, uint64(3))
	f.Fuzz(func(t *testing.T, text, key, raw string, seed uint64) {
		g := grower{rand.New(rand.NewPCG(seed, 2))}
		v := map[string]any{
			key: []any{text, []byte(text), json.RawMessage(raw), json.Number(raw), errors.New(raw), g.leaf()},
			"x": map[string]string{text: raw}, text: encodeStruct{Name: raw, Rate: g.Float64()},
		}
		got := encodedBy(t, encodeOptions{maxText: g.IntN(100), pii: true}, func(e *encoder) {
			e.open()
			e.member("v").value(key, v)
			e.typedAttrs([]slog.Attr{slog.String(key, text), slog.Any(text, v), slog.String(raw, raw)})
			e.attribute(key, raw)
			e.tag(key, text)
			e.header(key, raw)
			e.close()
		})
		if !utf8.ValidString(got) {
			t.Fatalf("invalid UTF-8: %q", got)
		}
	})
}
