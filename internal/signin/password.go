package signin

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"relay.one/picket/internal/model"
)

// cost is what argon2id is made to work.
type cost struct {
	memory  uint32 // KiB
	times   uint32
	threads uint8
}

// recommended is the first of OWASP's equally strong choices that fits beside a server
// of 40 MB: 19 MiB, two passes, one lane.
var recommended = cost{memory: 19 << 10, times: 2, threads: 1}

// The most that a stored hash may ask for: whoever can write the database must not be
// able to make signing in take all memory.
const (
	maxMemory  = 1 << 20
	maxTimes   = 64
	maxThreads = 16
)

const (
	saltLength = 16
	hashLength = 32
)

// Shortest and longest are how many characters, and how many bytes, a password may have.
const (
	Shortest = 10
	Longest  = 512
)

// checkPassword says what is wrong with a new password.
func checkPassword(email, password string) error {
	switch {
	case !utf8.ValidString(password):
		return fmt.Errorf("%w: password: no valid text", model.ErrInvalid)
	case utf8.RuneCountInString(password) < Shortest:
		return fmt.Errorf("%w: password: at least %d characters, please: a few words make a good one", model.ErrInvalid, Shortest)
	case len(password) > Longest:
		return fmt.Errorf("%w: password: at most %d bytes, please", model.ErrInvalid, Longest)
	case strings.EqualFold(password, email):
		return fmt.Errorf("%w: password: it must not be the e-mail address", model.ErrInvalid)
	}
	return nil
}

// digest is a password as it is kept: the cost, the salt and what came out.
type digest struct {
	cost
	salt, hash []byte
}

// newDigest hashes a password with a new salt.
func newDigest(password string, c cost) digest {
	d := digest{cost: c, salt: make([]byte, saltLength)}
	rand.Read(d.salt)
	d.hash = d.of(password, hashLength)
	return d
}

func (d digest) of(password string, length int) []byte {
	return argon2.IDKey([]byte(password), d.salt, d.times, d.memory, d.threads, uint32(length))
}

// fits reports whether the password is the one, in a time that does not say how close it is.
func (d digest) fits(password string) bool {
	return subtle.ConstantTimeCompare(d.of(password, len(d.hash)), d.hash) == 1
}

// String writes a digest as other programs do: $argon2id$v=19$m=…,t=…,p=…$salt$hash.
func (d digest) String() string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, d.memory, d.times, d.threads,
		b.EncodeToString(d.salt), b.EncodeToString(d.hash))
}

var errDigest = errors.New("the stored password is no argon2id digest")

// parseDigest reads what String wrote.
func parseDigest(text string) (digest, error) {
	var d digest
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprint("v=", argon2.Version) {
		return d, errDigest
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &d.memory, &d.times, &d.threads); err != nil {
		return d, errDigest
	}
	var err, bad error
	d.salt, err = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	d.hash, bad = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if err != nil || bad != nil || !d.sane() || d.String() != text {
		return digest{}, errDigest
	}
	return d, nil
}

func (d digest) sane() bool {
	return d.times > 0 && d.times <= maxTimes && d.threads > 0 && d.threads <= maxThreads &&
		d.memory >= 8*uint32(d.threads) && d.memory <= maxMemory && len(d.salt) >= 8 && len(d.salt) <= 64 && len(d.hash) >= 16 && len(d.hash) <= 64
}
