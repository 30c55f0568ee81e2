// Go's net/http: chunked uploads with a trailer, Expect: 100-continue, many at once: client.go PORT SIZE. Prints "posted N".
package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16, ExpectContinueTimeout: 20 * time.Second}}

func check(good bool, what string) {
	if !good {
		fmt.Fprintln(os.Stderr, what)
		os.Exit(1)
	}
}

func ask(request *http.Request) (*http.Response, []byte) {
	reply, err := client.Do(request)
	check(err == nil, fmt.Sprint(err))
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	check(err == nil, fmt.Sprint(err))
	return reply, body
}

func post(url string, body []byte, expect bool) {
	request, _ := http.NewRequest("POST", url+"/route", io.MultiReader(bytes.NewReader(body)))
	request.Trailer = http.Header{"X-Sum": {"1"}}
	if expect {
		request.Header.Set("Expect", "100-continue")
	}
	reply, _ := ask(request)
	stored, err := os.ReadFile(reply.Header.Get("X-Body-File"))
	check(err == nil && bytes.Equal(stored, body), "another body was stored")
}

func main() {
	size, _ := strconv.Atoi(os.Args[2])
	url := "http://127.0.0.1:" + os.Args[1]
	request, _ := http.NewRequest("GET", url+"/page", nil)
	_, page := ask(request)
	check(len(page) == size, "the page has another size")
	request, _ = http.NewRequest("GET", url+"/trailer", nil)
	reply, body := ask(request)
	check(bytes.Equal(body, page), "the page with a trailer differs")
	check(reply.Trailer.Get("X-Trailer") == "behind", "the trailer is missing")
	var group sync.WaitGroup
	const posts = 100
	for i := 0; i < posts; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			post(url, page[i:i+4000], i%2 == 0)
		}(i)
	}
	group.Wait()
	fmt.Println("posted", posts)
}
