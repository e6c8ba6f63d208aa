package redact_test

import (
	"fmt"

	"relay.one/picket/redact"
)

func ExampleText() {
	s, changed := redact.Text("connect to postgres://bob:hunter2@db/app with token=abc")
	fmt.Println(s, changed)
	// Output: connect to postgres://[Filtered]@db/app with token=[Filtered] true
}

func ExampleJSONMessage() {
	s, _ := redact.JSONMessage(`{"to":"bob@example.com","password":"hunter2"}`)
	fmt.Println(s)
	// Output: {"to":"[email]","password":"[Filtered]"}
}

func ExampleKey() {
	fmt.Println(redact.Key("X-Api-Key"), redact.Key("max_tokens"))
	// Output: true false
}
