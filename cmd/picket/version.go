package main

import (
	"context"
	"fmt"
	"runtime/debug"
)

// version prints the version, the commit and the Go that built this.
func version(_ context.Context, c call) error {
	if err := newSettings(c, "version", "Prints the version, the commit and the Go that built this.").parse(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(c.out, "picket", describeBuild())
	return err
}

// moduleVersion returns the version of the module, such as v1.2.3.
func moduleVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}

func describeBuild() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "of an unknown build"
	}
	text := info.Main.Version
	set := map[string]string{}
	for _, s := range info.Settings {
		set[s.Key] = s.Value
	}
	if r := set["vcs.revision"]; r != "" {
		text += " " + r[:min(len(r), 12)]
		if set["vcs.modified"] == "true" {
			text += "+dirty"
		}
		text += " of " + set["vcs.time"]
	}
	return fmt.Sprintf("%s (%s %s/%s)", text, info.GoVersion, set["GOOS"], set["GOARCH"])
}
