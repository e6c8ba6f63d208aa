package main

import (
	"strings"
	"testing"
	"time"
)

func TestOutboxFlags(t *testing.T) {
	t.Parallel()
	f := func(line string, bytes int64, age time.Duration) {
		t.Helper()
		c, err := configured(line)
		if err != nil || c.Forwarding.Bytes != bytes || c.Forwarding.Age != age {
			t.Errorf("%s: %+v, %v", line, c.Forwarding, err)
		}
	}
	f("", 0, 0)
	f("--outbox-bytes 2GiB --outbox-age 36h", 2<<30, 36*time.Hour)
	f("--outbox-bytes 500MB --outbox-age 7d", 500_000_000, 7*24*time.Hour)
	f("--outbox-bytes 1.5KiB", 1536, 0)
	f("--outbox-bytes 4096", 4096, 0)
	refuses := func(value string) {
		t.Helper()
		if _, err := configured("", "PICKET_OUTBOX_BYTES="+value); err == nil || !strings.Contains(err.Error(), "want a size") {
			t.Errorf("--outbox-bytes %q: %v", value, err)
		}
	}
	refuses("-1")
	refuses("0")
	refuses("lots")
	refuses("NaNMB")
	refuses("1e300GB")
	refuses("")
}
