package group

import (
	"testing"

	"relay.one/picket/internal/model"
)

func TestInApp(t *testing.T) {
	t.Parallel()
	f := func(want bool, platform string, frame model.Frame) {
		t.Helper()
		got := assigned(failure(platform, thrown("E", "", frame))).Exceptions[0].Frames[0].InApp
		if got == model.Unknown || (got == model.Yes) != want {
			t.Errorf("%s: in-app = %d, want %v: %+v", platform, got, want, frame)
		}
	}
	yes := func(path string) model.Frame { return model.Frame{AbsPath: path, Function: "f", InApp: model.Yes} }
	f(true, "python", yes("/srv/app/jobs.py"))
	f(false, "python", model.Frame{AbsPath: "/srv/app/jobs.py", InApp: model.No})
	f(false, "python", model.Frame{AbsPath: "/srv/app/jobs.py"})
	f(false, "python", yes("/srv/venv/lib/python3.12/site-packages/requests/api.py"))
	f(false, "python", yes("/usr/lib/python3/Dist-Packages/x.py"))
	f(false, "python", yes("/usr/local/lib/python3.12/asyncio/runners.py"))
	f(true, "python", yes("/srv/usr/local/lib/x.py"))
	f(true, "python", yes("/srv/site-packages.py"))
	f(false, "node", yes("/app/node_modules/fastify/lib/reply.js"))
	f(false, "node", yes(`C:\app\node_modules\fastify\reply.js`))
	f(false, "node", model.Frame{Filename: "node_modules/x/y.js", InApp: model.Yes})
	f(true, "node", yes("/app/my_node_modules/x.js"))
	f(true, "node", yes("/app/node_modules"))
	f(false, "node", model.Frame{Function: "processTicksAndRejections", InApp: model.Yes})
	f(false, "node", model.Frame{Module: "tslib/tslib", InApp: model.Yes})
	f(false, "javascript", yes("https://cdn.jsdelivr.net/npm/x.js"))
	f(true, "javascript", yes("https://app.example/x.js"))
	f(false, "javascript", model.Frame{Module: "unpkg/react", InApp: model.Yes})
	f(false, "php", yes("/app/vendor/symfony/x.php"))
	f(false, "php", yes("vendor/symfony/x.php"))
	f(true, "php", yes("/app/vendors/x.php"))
	f(false, "ruby", yes("/home/a/.local/share/gem/x.rb"))
	f(false, "ruby", yes("/usr/local/Cellar/ruby/x.rb"))
	f(false, "python", yes("/srv/newrelic/x.py"))
	f(false, "python", yes(`C:\Users\a\.local\share\x.py`))
	f(false, "java", model.Frame{Module: "org.springframework.web.X", InApp: model.Yes})
	f(true, "java", model.Frame{Module: "com.acme.X", InApp: model.Yes})
	f(false, "native", model.Frame{Function: "std::vec::push", InApp: model.Yes})
	f(false, "native", model.Frame{Function: "f", Package: "/usr/lib/libc.so", InApp: model.Yes})
	f(false, "native", model.Frame{Function: "abort", InApp: model.Yes})
	f(true, "native", model.Frame{Function: "app::run", InApp: model.Yes})
}

// goFrame is one frame of a Go event and what is expected of it.
type goFrame struct {
	module, file string // an absolute file, or one as -trimpath leaves it
	said, want   bool   // in-app: by the SDK, by us
}

func testGoFrames(t *testing.T, what string, cases ...goFrame) {
	t.Helper()
	var frames []model.Frame
	for _, c := range cases {
		f := model.Frame{Module: c.module, Function: "f", InApp: model.No}
		if c.said {
			f.InApp = model.Yes
		}
		if c.file != "" && (c.file[0] == '/' || c.file[1] == ':') {
			f.AbsPath = c.file
		} else {
			f.Filename = c.file
		}
		frames = append(frames, f)
	}
	e := failure("go", thrown("*pkg.Error", "", frames...))
	e.Threads = []model.Thread{{Frames: frames}}
	e = assigned(e)
	for i, c := range cases {
		for _, f := range []model.Frame{e.Exceptions[0].Frames[i], e.Threads[0].Frames[i]} {
			if (f.InApp == model.Yes) != c.want || f.InApp == model.Unknown {
				t.Errorf("%s: %s in %q: in-app = %d, want %v", what, c.module, c.file, f.InApp, c.want)
			}
		}
	}
}

func TestInAppGo(t *testing.T) {
	t.Parallel()
	const cache = "/root/go/pkg/mod/"
	testGoFrames(t, "an ordinary build",
		goFrame{"main", "/src/main.go", true, true},
		goFrame{"github.com/acme/app/internal/run", "/src/internal/run/run.go", true, true},
		goFrame{"github.com/go-chi/chi/v5", cache + "github.com/go-chi/chi/v5@v5.0.1/mux.go", true, false},
		goFrame{"net/http", "/usr/local/go/src/net/http/server.go", false, false},
		goFrame{"github.com/acme/lib", "/lib/lib.go", true, true},
		goFrame{"github.com/acme/app/wrapper", "/src/wrapper/w.go", false, false})
	testGoFrames(t, "built elsewhere: the SDK does not know GOROOT",
		goFrame{"main", "/build/main.go", true, true},
		goFrame{"runtime", "/opt/hostedtoolcache/go/1.26.0/x64/src/runtime/panic.go", true, false},
		goFrame{"encoding/json", "/opt/go/src/encoding/json/decode.go", true, false},
		goFrame{"newpackage/of/go", "/opt/go/src/newpackage/of/go/x.go", true, false},
		goFrame{"app/internal/run", "/build/internal/run/run.go", true, true})
	testGoFrames(t, "vendored",
		goFrame{"main", "/src/main.go", true, true},
		goFrame{"github.com/go-chi/chi/v5", "/src/vendor/github.com/go-chi/chi/v5/mux.go", true, false},
		goFrame{"vendor/golang.org/x/net/http2", "/usr/local/go/src/vendor/golang.org/x/net/http2/h.go", false, false},
		goFrame{"example.org/a", "/src/third_party/a/a.go", true, false})
	testGoFrames(t, "Windows",
		goFrame{"main", "C:/src/main.go", true, true},
		goFrame{"golang.org/x/sync/errgroup", "C:/Users/a/go/pkg/mod/golang.org/x/sync@v0.1.0/errgroup/e.go", true, false},
		goFrame{"os", "C:/Program Files/Go/src/os/file.go", false, false})
}

func TestInAppGoTrimpath(t *testing.T) {
	t.Parallel()
	testGoFrames(t, "a module with a host",
		goFrame{"main", "relay.example/picket/cmd/x/main.go", false, true},
		goFrame{"relay.example/picket/internal/run", "relay.example/picket/internal/run/run.go", false, true},
		goFrame{"github.com/go-chi/chi/v5", "github.com/go-chi/chi/v5@v5.0.1/mux.go", false, false},
		goFrame{"gopkg.in/yaml.v3", "gopkg.in/yaml.v3@v3.0.1/decode.go", false, false},
		goFrame{"net/http", "net/http/server.go", false, false},
		goFrame{"vendor/golang.org/x/net/http2", "vendor/golang.org/x/net/http2/h.go", false, false},
		goFrame{"runtime", "runtime/panic.go", false, false})
	testGoFrames(t, "a module without a host",
		goFrame{"main", "app/main.go", false, true},
		goFrame{"app/internal/run", "app/internal/run/run.go", false, true},
		goFrame{"strings", "strings/strings.go", false, false})
	testGoFrames(t, "a single file",
		goFrame{"main", "command-line-arguments/main.go", false, true},
		goFrame{"main", "./main.go", false, true})
	testGoFrames(t, "Bazel",
		goFrame{"main", "cmd/server/main.go", false, true},
		goFrame{"github.com/acme/app/run", "run/run.go", false, true},
		goFrame{"github.com/go-chi/chi/v5", "external/com_github_go_chi_chi/mux.go", false, false})
	testGoFrames(t, "an older version of a module of the same owner",
		goFrame{"main", "github.com/acme/app/main.go", false, true},
		goFrame{"github.com/acme/lib", "github.com/acme/lib@v0.0.0-20250101000000-0123456789ab/l.go", false, false})
}

func TestInAppGoWithoutFiles(t *testing.T) {
	t.Parallel()
	testGoFrames(t, "the SDK tells",
		goFrame{"main", "", true, true},
		goFrame{"github.com/acme/app/run", "", true, true},
		goFrame{"net/http", "", true, false},
		goFrame{"github.com/acme/app/log", "", false, false})
	testGoFrames(t, "the file of main tells",
		goFrame{"main", "github.com/acme/app/cmd/x/main.go", false, true},
		goFrame{"github.com/acme/app/run", "", false, true},
		goFrame{"github.com/acme/application/run", "", false, false},
		goFrame{"shared/run", "", false, true},
		goFrame{"github.com/go-chi/chi", "", false, false},
		goFrame{"github.com/go-chi/chi", "", false, false})
	testGoFrames(t, "most frames tell",
		goFrame{"net/http", "", false, false},
		goFrame{"github.com/go-chi/chi", "", false, false},
		goFrame{"github.com/acme/app/run", "", false, true},
		goFrame{"github.com/acme/app/tools", "", false, true},
		goFrame{"github.com/jackc/pgx", "", false, false})
	testGoFrames(t, "what main calls tells",
		goFrame{"main", "", false, true},
		goFrame{"relay.example/picket/run", "", false, true},
		goFrame{"gopkg.in/yaml.v3", "", false, false})
	testGoFrames(t, "the newest frame decides",
		goFrame{"github.com/go-chi/chi", "", false, false},
		goFrame{"github.com/acme/app/run", "", false, true})
	testGoFrames(t, "a module without a host",
		goFrame{"app/internal/run", "", false, true},
		goFrame{"net/http", "", false, false})
	testGoFrames(t, "the library alone",
		goFrame{"net/http", "", false, false})
}

// TestInAppOtherThreads checks that a frame that the SDK called in-app in any stack of
// the event proves that it can tell.
func TestInAppOtherThreads(t *testing.T) {
	t.Parallel()
	e := failure("go", thrown("E", "", model.Frame{Module: "main", AbsPath: "/src/wrap.go", InApp: model.No}))
	e.Threads = []model.Thread{{Frames: []model.Frame{{Module: "main", AbsPath: "/src/main.go", InApp: model.Yes}}}}
	e = assigned(e)
	if got := e.Exceptions[0].Frames[0].InApp; got != model.No {
		t.Errorf("in-app = %d, want %d", got, model.No)
	}
}

func TestHashesGoTrimpath(t *testing.T) {
	t.Parallel()
	same, _ := judge(t)
	plain := failure("go", thrown("*pkg.Error", "x",
		model.Frame{Module: "net/http", Function: "serve", AbsPath: "/usr/local/go/src/net/http/server.go", InApp: model.No},
		model.Frame{Module: "example.org/app/run", Function: "Run", AbsPath: "/src/run/run.go", InApp: model.Yes}))
	trimmed := failure("go", thrown("*pkg.Error", "x",
		model.Frame{Module: "net/http", Function: "serveOther", Filename: "net/http/server.go", InApp: model.No},
		model.Frame{Module: "example.org/app/run", Function: "Run", Filename: "example.org/app/run/run.go", InApp: model.No}))
	same("built with -trimpath by another Go", plain, trimmed)
}
