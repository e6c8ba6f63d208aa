// Package seal keeps secrets at rest: what is sealed can be read, and changed without
// notice, only by whoever has the key, which stands beside the database and not in it.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// The kinds of error of Open.
var (
	// ErrOtherKey says that what was sealed was sealed with a key that is not there.
	ErrOtherKey = errors.New("sealed with another key")
	// ErrDamaged says that what was sealed was changed, cut off, or is no sealed thing.
	ErrDamaged = errors.New("sealed value is damaged")
)

// version1 begins what is sealed as: version, id of the key, nonce, and AES-256-GCM's
// ciphertext with its tag. A later version may look different from its second byte on.
const version1 = 1

const (
	idLength    = 4
	nonceLength = 12
	tagLength   = 16
	headLength  = 1 + idLength + nonceLength
)

// keyID names a key without telling anything of it.
type keyID [idLength]byte

// Box seals with one key, and opens what was sealed with that or an older one. It is
// safe for concurrent use.
type Box struct {
	newest keyID
	keys   map[keyID]cipher.AEAD
}

// New returns a box that seals with the first key. What was sealed with one of the others
// opens, too: so keys are rotated.
func New(key Key, older ...Key) *Box {
	b := &Box{newest: key.id(), keys: map[keyID]cipher.AEAD{}}
	for _, k := range append([]Key{key}, older...) {
		b.keys[k.id()] = k.aead()
	}
	return b
}

// Seal returns the value sealed. Whoever opens it must say the same about it: so one
// sealed thing cannot take the place of another.
func (b *Box) Seal(value, about []byte) []byte {
	out := make([]byte, headLength, headLength+len(value)+tagLength)
	out[0] = version1
	copy(out[1:], b.newest[:])
	rand.Read(out[1+idLength:])
	return b.keys[b.newest].Seal(out, out[1+idLength:], value, bound(out, about))
}

// Open returns what was sealed; ErrOtherKey when it was with a key that the box does not
// have, ErrDamaged when it is not what was sealed about that.
func (b *Box) Open(sealed, about []byte) ([]byte, error) {
	if len(sealed) < headLength+tagLength {
		return nil, fmt.Errorf("%w: %d bytes are too few", ErrDamaged, len(sealed))
	}
	if sealed[0] != version1 {
		return nil, fmt.Errorf("%w: version %d is unknown: it is of a newer picket, or no sealed value", ErrDamaged, sealed[0])
	}
	key, there := b.keys[keyID(sealed[1:1+idLength])]
	if !there {
		return nil, fmt.Errorf("%w (%x) than there is (%x)", ErrOtherKey, sealed[1:1+idLength], b.newest)
	}
	value, err := key.Open(nil, sealed[1+idLength:headLength], sealed[headLength:], bound(sealed, about))
	if err != nil {
		return nil, fmt.Errorf("%w: it does not fit its key and place", ErrDamaged)
	}
	return value, nil
}

// bound is what the tag also covers: the version, the key's id, and what it is about.
func bound(sealed, about []byte) []byte {
	return append(append(make([]byte, 0, 1+idLength+len(about)), sealed[:1+idLength]...), about...)
}

// KeyLength is how many bytes a key has.
const KeyLength = 32

// Key is a key of AES-256. It prints as its id, so that it cannot slip into a log.
type Key [KeyLength]byte

// NewKey returns a random key.
func NewKey() Key {
	var k Key
	rand.Read(k[:])
	return k
}

// String returns the key's id: eight hexadecimal digits that tell keys apart.
func (k Key) String() string {
	id := k.id()
	return hex.EncodeToString(id[:])
}

// GoString returns what String does.
func (k Key) GoString() string { return k.String() }

func (k Key) id() keyID {
	sum := sha256.Sum256(append([]byte("picket seal key "), k[:]...))
	return keyID(sum[:idLength])
}

func (k Key) aead() cipher.AEAD {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		panic("seal: a key of our own length is refused: " + err.Error())
	}
	g, err := cipher.NewGCM(block)
	if err != nil {
		panic("seal: AES is refused: " + err.Error())
	}
	return g
}
