package signin

import (
	"fmt"
	"net/mail"
	"strings"

	"relay.one/picket/internal/model"
)

// longestEmail is what SMTP bears.
const longestEmail = 254

// Email returns an e-mail address as it is kept: nothing but the address, in lower
// case. What is none is ErrInvalid.
func Email(text string) (string, error) {
	text = strings.TrimSpace(text)
	a, err := mail.ParseAddress(text)
	if err != nil || a.Name != "" || a.Address != text || len(text) > longestEmail || strings.ContainsAny(text, "\" \t\r\n") {
		return "", fmt.Errorf("%w: email: want an address such as ann@example.com", model.ErrInvalid)
	}
	return strings.ToLower(text), nil
}
