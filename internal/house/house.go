// Package house holds the rules of the house, as tests: who may import whom, and
// that every exported name says what it is. See docs/architecture.md.
package house
