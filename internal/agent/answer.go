package agent

import "strings"

// maxPlea is the longest answer that may be nothing but a refusal or a giving up; who
// says more than that has said something.
const maxPlea = 400

// pleas are what a short answer may begin with before it comes to the point.
var pleas = [...]string{"i'm sorry", "i am sorry", "sorry", "i'm very sorry", "i apologize", "i apologise", "my apologies",
	"apologies", "unfortunately", "but", "however", "as an ai language model", "as an ai model", "as an ai assistant", "as an ai"}

// unables are what declines or gives up, before the verb tells which.
var unables = [...]string{"i can't ", "i cannot ", "i can not ", "i'm unable to ", "i am unable to ", "i was unable to ",
	"i'm not able to ", "i am not able to ", "i was not able to ", "i wasn't able to ", "i won't be able to ", "i will not be able to ",
	"i could not ", "i couldn't ", "i won't ", "i will not ", "i have been unable to ", "i've been unable to ", "unable to ", "could not ", "couldn't "}

// declining is what a model that declines will not do.
var declining = [...]string{"help with", "help you with", "assist", "comply", "fulfill", "fulfil", "do that", "engage in",
	"participate", "provide that", "create that", "generate that", "support that", "discuss that", "answer that"}

// failing is what an agent that gives up did not do, with something from tasks.
var failing = [...]string{"complete ", "finish ", "accomplish ", "carry out ", "perform ", "solve "}

var tasks = [...]string{"the task", "this task", "your task", "that task", "your request", "the request", "this request", "that request"}

// givingUp needs no verb.
var givingUp = [...]string{"i give up", "i'm giving up", "i am giving up", "i gave up", "giving up", "task failed"}

// achieved is what a partial success goes on with.
var achieved = [...]string{" but i ", " but the ", " i have ", " i've ", "here is", "here's", "here are", " instead i "}

// verdictOf says whether a whole answer is a refusal, or says that the task could not
// be done. It knows English; other languages need the provider's own finish reason.
func verdictOf(answer string) (refused, gaveUp bool) {
	if len(answer) > maxPlea {
		return false, false
	}
	s := afterPleas(plainWords(answer))
	if startsWith(s, givingUp[:]) >= 0 {
		return false, true
	}
	at := startsWith(s, unables[:])
	if at < 0 || containsAny(s, achieved[:]) {
		return false, false
	}
	rest := s[len(unables[at]):]
	if startsWith(rest, declining[:]) >= 0 {
		return strings.HasPrefix(s, "i ") || strings.HasPrefix(s, "i'"), false
	}
	return false, startsWith(rest, failing[:]) >= 0 && containsAny(rest, tasks[:])
}

// stoppedByTurns reports whether the answer is what frameworks write in the place of
// one when the limit of turns is reached.
func stoppedByTurns(answer string) bool {
	return strings.HasPrefix(answer, "Agent stopped due to ") || strings.HasPrefix(answer, "Sorry, need more steps to process this request")
}

// plainWords returns the text in lower case with plain apostrophes and single blanks.
func plainWords(s string) string {
	return strings.Join(strings.Fields(strings.ToLower(strings.ReplaceAll(s, "’", "'"))), " ")
}

func afterPleas(s string) string {
	for {
		s = strings.TrimLeft(s, " ,.!-–—:;*")
		at := startsWith(s, pleas[:])
		if at < 0 {
			return s
		}
		s = s[len(pleas[at]):]
	}
}

// startsWith returns which of the texts s begins with, or -1.
func startsWith(s string, texts []string) int {
	for i, t := range texts {
		if strings.HasPrefix(s, t) {
			return i
		}
	}
	return -1
}

func containsAny(s string, texts []string) bool {
	for _, t := range texts {
		if strings.Contains(s, t) {
			return true
		}
	}
	return false
}
