package filter

import "strings"

// crawlers are names, in lower case, in the user agents of well-known crawlers that do not
// call themselves a bot, a spider or a crawler, from what their operators publish.
var crawlers = [...]string{
	"mediapartners-google", "feedfetcher-google", "google-inspectiontool", "googleother", "google-read-aloud", // Google
	"bingpreview",                                             // Microsoft
	"slurp",                                                   // Yahoo
	"facebookexternalhit", "facebookcatalog", "meta-external", // Meta
	"ia_archiver",              // Alexa, the Internet Archive
	"chatgpt-user",             // OpenAI
	"claude-user",              // Anthropic
	"perplexity-user",          // Perplexity
	"chrome-lighthouse",        // PageSpeed Insights
	"pingdom",                  // Pingdom's page checks
	"aws security scanner",     // Amazon
	"baiduspider-render",       // Baidu
	"embedly", "quora link pr", // previews of links
}

// endings are how crawlers end the word that names them, as in Googlebot/2.1 or
// Baiduspider+(…). They cover what asks for pages under names we have not heard of.
var endings = [...]string{"bot", "bots", "spider", "crawler"}

// notCrawlers are words with such an ending that people's devices have.
var notCrawlers = [...]string{"cubot"}

// isCrawler reports whether a user agent is that of a crawler.
func isCrawler(agent string) bool {
	agent = strings.ToLower(agent)
	for _, name := range crawlers {
		if strings.Contains(agent, name) {
			return true
		}
	}
	for _, end := range endings {
		if endsWord(agent, end) {
			return true
		}
	}
	return false
}

// endsWord reports whether a word ends so that is not one of notCrawlers.
func endsWord(agent, end string) bool {
	for at := 0; ; {
		i := strings.Index(agent[at:], end)
		if i < 0 {
			return false
		}
		at += i + len(end)
		if at < len(agent) && isLetter(agent[at]) {
			continue
		}
		begin := at - len(end)
		for begin > 0 && isLetter(agent[begin-1]) {
			begin--
		}
		if !isOneOf(agent[begin:at], notCrawlers[:]) {
			return true
		}
	}
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }

func isOneOf(word string, list []string) bool {
	for _, w := range list {
		if word == w {
			return true
		}
	}
	return false
}
