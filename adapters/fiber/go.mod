module relay.one/picket/adapters/fiber

go 1.26.0

require (
	github.com/getsentry/sentry-go v0.50.0
	github.com/gofiber/fiber/v3 v3.5.0
	github.com/valyala/fasthttp v1.73.0
	relay.one/picket v0.0.0
)

require (
	github.com/andybalholm/brotli v1.2.8 // indirect
	github.com/fxamacker/cbor/v2 v2.9.2 // indirect
	github.com/gofiber/schema v1.8.3 // indirect
	github.com/gofiber/utils/v2 v2.4.1 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/mattn/go-colorable v0.1.15 // indirect
	github.com/mattn/go-isatty v0.0.24 // indirect
	github.com/philhofer/fwd v1.2.0 // indirect
	github.com/tinylib/msgp v1.6.4 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	github.com/x448/float16 v0.8.4 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/net v0.60.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace relay.one/picket => ../..
