package pipeline

import (
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"relay.one/picket/internal/price"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/sqlite"
	"relay.one/picket/wire"
)

// BenchmarkSampling has the whole journey of a transaction of some 16 KB and 12 spans, and
// says what is on the disk afterwards.
func BenchmarkSampling(b *testing.B) {
	f := func(name string, s settings.Sampling, talk func(f *traffic) *wire.Envelope) {
		b.Run(name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "picket.db")
			p, db := openAt(b, path)
			p.settings.Put(1, 1, settings.Settings{Sampling: &s})
			f := &traffic{t: b, rng: rand.New(rand.NewPCG(1, 1))}
			list, bytes := make([]*wire.Envelope, b.N), 0
			for i := range list {
				list[i] = talk(f)
				bytes += len(list[i].Items[0].Payload)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for _, e := range list {
				send(b, p, e)
			}
			b.StopTimer()
			must(b, db.Close())
			file, err := os.Stat(path)
			must(b, err)
			b.ReportMetric(float64(file.Size())/float64(b.N), "disk-B/op")
			b.ReportMetric(float64(bytes)/float64(b.N), "sent-B/op")
		})
	}
	all := settings.DefaultSampling()
	tenth := all
	tenth.Transactions = 0.1
	for _, name := range []string{"agent", "plain"} {
		talk := map[string]func(f *traffic) *wire.Envelope{"agent": (*traffic).talk, "plain": (*traffic).page}[name]
		f(name+" off", all, talk)
		f(name+" at 0.1", tenth, talk)
	}
}

// BenchmarkSample is what sampling adds to the journey: nothing is set, or judged.
func BenchmarkSample(b *testing.B) {
	tenth := settings.DefaultSampling()
	tenth.Transactions = 0.1
	for name, s := range map[string]settings.Sampling{"off": settings.DefaultSampling(), "at 0.1": tenth} {
		b.Run(name, func(b *testing.B) {
			p, _ := sampling(b, s)
			docs := sentry.Parse((&traffic{t: b, rng: rand.New(rand.NewPCG(1, 1))}).talk(), meta())
			defer docs.Release()
			batch := assembled(docs)
			b.ReportAllocs()
			for b.Loop() {
				p.sample(batch)
			}
		})
	}
}

// openAt returns a pipeline onto a database that the caller closes.
func openAt(b *testing.B, path string) (*Pipeline, *sqlite.DB) {
	b.Helper()
	db, err := sqlite.Open(path, sqlite.Options{Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler)})
	must(b, err)
	_, err = db.Bootstrap(b.Context())
	must(b, err)
	return New(Options{Writer: db, Prices: price.Default()}), db
}
