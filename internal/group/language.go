package group

import "relay.one/picket/internal/model"

// language is what the rules tell platforms apart by.
type language uint8

const (
	other language = iota
	golang
	browser
	node
	python
	ruby
	php
	java
	csharp
	native
)

func languageOf(platform string) language {
	switch platform {
	case "go":
		return golang
	case "javascript":
		return browser
	case "node":
		return node
	case "python":
		return python
	case "ruby":
		return ruby
	case "php":
		return php
	case "java", "kotlin", "groovy", "scala":
		return java
	case "csharp":
		return csharp
	case "native", "c", "cocoa", "objc", "swift", "rust":
		return native
	}
	return other
}

// of returns the language of the frame in a stack of language l.
func (l language) of(f *model.Frame) language {
	if f.Platform == "" {
		return l
	}
	return languageOf(f.Platform)
}

// script reports whether l is JavaScript.
func (l language) script() bool { return l == browser || l == node }

// quotes reports whether the SDKs of l send lines of source that can be trusted.
func (l language) quotes() bool { return l.script() || l == python || l == php || l == ruby }
