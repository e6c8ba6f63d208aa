package rollup

import (
	"fmt"

	"relay.one/picket/internal/model"
)

// Delta is what many transactions add to the rollups: for each kind, its slots. It is
// not safe for concurrent use.
type Delta [numKinds]map[Slot]*Counters

// Len returns how many slots there are.
func (d *Delta) Len() (n int) {
	for _, slots := range d {
		n += len(slots)
	}
	return n
}

// Get returns the counters of a slot, nil when it is not there.
func (d *Delta) Get(s Slot) *Counters { return d[s.Kind][s] }

// Delete removes a slot.
func (d *Delta) Delete(s Slot) { delete(d[s.Kind], s) }

// put adds a slot that is not there.
func (d *Delta) put(s Slot, c *Counters) *Counters {
	if d[s.Kind] == nil {
		d[s.Kind] = map[Slot]*Counters{}
	}
	d[s.Kind][s] = c
	return c
}

// Merge adds o, whose counters d may keep: o must not be used afterwards.
func (d *Delta) Merge(o *Delta) {
	for _, slots := range o {
		for s, c := range slots {
			if have := d.Get(s); have != nil {
				have.Merge(c)
			} else {
				d.put(s, c)
			}
		}
	}
}

// Add adds the tally, whose sketches d keeps: of it only Reset may be called afterwards.
func (d *Delta) Add(t *Tally) {
	for i := range t.n {
		e := t.entry(i)
		if e.idle() {
			continue
		}
		if have := d.Get(e.Slot); have != nil {
			have.Merge(&e.Counters)
			continue
		}
		c := new(Counters)
		*c = e.Counters
		d.put(e.Slot, c)
	}
}

// Decode adds what Tally.Append wrote. A kind that a newer version wrote and this one
// does not know is an error.
func (d *Delta) Decode(src []byte) error {
	for len(src) > 0 {
		r := reader{src: src[1:]}
		kind, project, minute := Kind(src[0]), model.ProjectID(r.varint()), r.varint()
		name, sub, environment, release := r.bytes(), r.bytes(), r.bytes(), r.bytes()
		if r.err != nil {
			return r.err
		}
		if kind >= numKinds {
			return fmt.Errorf("rollup of kind %d, of a newer version", kind)
		}
		// A look-up like this one copies no text.
		c := d[kind][Slot{Key{kind, project, string(name), string(sub), string(environment), string(release)}, minute}]
		if c == nil {
			c = d.put(Slot{Key{kind, project, string(name), string(sub), string(environment), string(release)}, minute}, &Counters{})
		}
		var err error
		if src, err = c.Decode(r.src); err != nil {
			return err
		}
	}
	return nil
}
