package conformance

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"testing"
)

func sentryCLI() dialect {
	return dialect{
		name: "sentry-cli", sdk: "sentry-cli", platform: "python", level: "fatal",
		title: "refund of 81 failed: Ordnung №5",
		extra: "context", bare: true,
	}
}

var eventIDPattern = regexp.MustCompile(`Event id: ([0-9a-f-]{36})`)

func TestSentryCLI(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		missing(t, "takes the binary that npm brings for linux on amd64")
	}
	binary := filepath.Join(npm(t, "cli"), "node_modules", "@sentry", "cli-linux-x64", "bin", "sentry-cli")
	prove(t, sentryCLI(), func(t *testing.T, dsn string, s story) report {
		env := append(withoutSettings(os.Environ()), "SENTRY_DSN="+dsn, "SENTRY_DISABLE_UPDATE_CHECK=1")
		out := output(t, env, binary, sendEvent(s)...)
		id := eventIDPattern.FindSubmatch(out)
		if id == nil {
			t.Fatalf("sentry-cli named no event id in %q", out)
		}
		return report{SDK: "3.8.0", Error: string(id[1])}
	})
}

// sendEvent returns the arguments that tell what sentry-cli can of the story.
func sendEvent(s story) []string {
	args := []string{"send-event", "--no-environ",
		"-m", "refund of %s failed: Ordnung №5", "-a", "81", "-l", "fatal", "-p", "python",
		"-r", s.Release, "-E", s.Environment, "-e", "password:" + s.secret()}
	for key, value := range s.Tags {
		args = append(args, "-t", key+":"+value)
	}
	for key, value := range s.agentTags() {
		args = append(args, "-t", key+":"+value)
	}
	for key, value := range s.User {
		args = append(args, "-u", key+":"+value)
	}
	return args
}
