// Package examples holds ten small programs that show how to report with package picket.
// Each runs without arguments; its tests run them all, with and without a server.
package examples
