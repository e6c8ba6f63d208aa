package sample

// recent is a map that forgets what was put into it long ago: it has two halves, and
// when the younger one is full, the older one goes. Its zero value but for most, the
// size of a half, is empty.
type recent[K comparable, V any] struct {
	most       int
	young, old map[K]V
}

// get returns what was put under the key lately.
func (r *recent[K, V]) get(k K) (V, bool) {
	if v, ok := r.young[k]; ok {
		return v, true
	}
	v, ok := r.old[k]
	return v, ok
}

func (r *recent[K, V]) put(k K, v V) {
	if _, known := r.young[k]; !known && len(r.young) >= r.most {
		r.old, r.young = r.young, nil
	}
	if r.young == nil {
		r.young = map[K]V{}
	}
	r.young[k] = v
}
