// Package conformance proves that what real SDKs send is found again whole,
// field by field, on a Picket server. Every client under clients/ tells the
// same story, clients/story.json; the tests run it against a server of their
// own, started from cmd/picket, and ask its APIs for all that was told.
//
// Others play agents: they call models through the clients that their SDK
// instruments, against a stand-in for the providers that runs in the test, and
// send what the SDK makes of it. Their scenes are in agents_test.go and beside it.
//
// Clients that Go and npm bring run in a plain go test. Python's and Ruby's run
// with PICKET_CONFORMANCE=all, which also turns a client that cannot be
// installed from a skip into a failure. Installed things stay in .cache.
//
// testdata holds what each client sent when it was last recorded, and the same
// checks run against those bytes too, so that they hold where no client can be
// installed. To record anew:
//
//	PICKET_CONFORMANCE=all go test ./conformance -record
package conformance
