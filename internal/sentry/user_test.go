package sentry

import (
	"bytes"
	"fmt"
	"testing"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

func TestAddress(t *testing.T) {
	t.Parallel()
	f := func(name, payload, want string) {
		t.Helper()
		e := decodeEvent(t, payload)
		if e.User.IP != want {
			t.Errorf("%s: %q, want %q", name, e.User.IP, want)
		}
		if want != "" && !bytes.Contains(e.Payload, []byte(`"ip_address":"`+want+`"`)) {
			t.Errorf("%s: the payload lacks the address: %s", name, e.Payload)
		}
		if bytes.Contains(e.Payload, []byte(autoAddress)) {
			t.Errorf("%s: the payload still says %s", name, autoAddress)
		}
	}
	const client = "203.0.113.9"
	f("told", `{"user":{"ip_address":"198.51.100.4"}}`, "198.51.100.4")
	f("auto", `{"user":{"ip_address":"{{auto}}"},"platform":"python"}`, client)
	f("auto, forbidden", `{"user":{"ip_address":"{{auto}}"},"sdk":{"settings":{"infer_ip":"never"}}}`, "")
	f("server side", `{"platform":"python","user":{"id":1}}`, "")
	f("browser", `{"platform":"javascript"}`, client)
	f("browser, user null", `{"platform":"javascript","user":null}`, client)
	f("phone", `{"platform":"cocoa","user":{"id":1}}`, client)
	f("browser, forbidden", `{"platform":"javascript","sdk":{"settings":{"infer_ip":"never"}}}`, "")
	f("asked for", `{"platform":"node","sdk":{"settings":{"infer_ip":"auto"}}}`, client)
	f("request", `{"platform":"php","request":{"env":{"REMOTE_ADDR":"192.0.2.1"}}}`, "192.0.2.1")
	f("request of an old client", `{"sentry.interfaces.Http":{"env":{"REMOTE_ADDR":"192.0.2.1"}},"sentry.interfaces.User":{"id":1}}`, "192.0.2.1")
	f("request of a browser's server", `{"platform":"javascript","request":{"env":{"REMOTE_ADDR":"unix:"}}}`, client)
	f("user is text", `{"platform":"javascript","user":"ada"}`, "")
}

func TestAddressUnknown(t *testing.T) {
	t.Parallel()
	m := testMeta()
	m.ClientIP = ""
	docs := Parse(&wire.Envelope{Items: []wire.Item{{Type: "event", Payload: []byte(`{"user":{"ip_address":"{{auto}}","id":1}}`)}}}, m)
	defer docs.Release()
	e := Decode(docs).Events[0]
	if e.User.IP != "" || !bytes.Contains(e.Payload, []byte(`"user":{"id":1}`)) {
		t.Errorf("user %+v, payload %s", e.User, e.Payload)
	}
}

func TestOwner(t *testing.T) {
	t.Parallel()
	f := func(name, payload, want string) {
		t.Helper()
		e := decodeEvent(t, payload)
		a := e.Agent
		got := fmt.Sprintf("%s|%s|%s|%s %s %s %s", a.ID, a.Name, a.Framework, a.Version, e.Execution, e.Conversation, e.Organization)
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	f("contexts", `{"contexts":{"agent":{"id":17,"name":"bot","framework":"fleet","version":2},"execution":{"id":8801},"organization":{"id":"acme"}}}`,
		"17|bot|fleet|2 8801  acme")
	f("tags", `{"tags":{"agent.id":"17","agent.name":"bot","agent.framework":"fleet","agent.version":"2","execution.id":"e","organization.id":"o","conversation.id":"c"}}`,
		"17|bot|fleet|2 e c o")
	f("trace", `{"contexts":{"trace":{"data":{"gen_ai.agent.name":"bot","gen_ai.agent.id":"17","gen_ai.conversation.id":"c","picket.execution.id":"e","picket.organization.id":"o"}}}}`,
		"17|bot|| e c o")
	f("name alone", `{"contexts":{"agent":{"name":"bot"}}}`, "bot|bot||   ")
	f("version alone", `{"contexts":{"agent":{"version":"2"}},"tags":{"agent.framework":"fleet"}}`, "|||   ")
	f("contexts first, tags fill", `{"contexts":{"agent":{"id":"17"}},"tags":{"agent.id":"17","agent.name":"bot","agent.framework":"fleet"}}`, "17|bot|fleet|   ")
	f("another agent's tags", `{"contexts":{"agent":{"id":"17"}},"tags":{"agent.id":"18","agent.name":"other"}}`, "17|||   ")
	f("execution is text", `{"contexts":{"execution":"e-1","organization":7}}`, "||| e-1  7")
	f("contexts are odd", `{"contexts":{"agent":[1],"execution":null,"organization":{"name":"x"},"trace":"x"}}`, "|||   ")
	f("contexts are a list", `{"contexts":[{"agent":{"id":1}}]}`, "|||   ")
}

func TestUserKey(t *testing.T) {
	t.Parallel()
	if e := decodeEvent(t, `{"user":{"id":0,"email":"e"}}`); e.User.Key() != "id:0" || e.User != (model.User{ID: "0", Email: "e"}) {
		t.Errorf("user = %+v", e.User)
	}
}
