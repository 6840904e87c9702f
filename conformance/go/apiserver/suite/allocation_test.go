package suite

import (
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var allocationScenarios = []scenario{
	{name: "services made at once get addresses and ports of their own", run: servicesGetTheirOwnPorts},
}

// Ports are handed out from one object, on which all creations collide.
func servicesGetTheirOwnPorts(e *env) {
	const services = 30
	taken := make(chan string, 2*services)
	var group sync.WaitGroup
	for i := range services {
		group.Go(func() {
			got, err := e.kube.CoreV1().Services(e.ns).Create(e.ctx, &corev1.Service{
				ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("service-", i)},
				Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeNodePort, Ports: []corev1.ServicePort{{Port: 80}}},
			}, metav1.CreateOptions{})
			if err != nil {
				e.Error(err)
				return
			}
			taken <- got.Spec.ClusterIP
			taken <- fmt.Sprint(got.Spec.Ports[0].NodePort)
		})
	}
	group.Wait()
	close(taken)
	seen := map[string]bool{}
	for what := range taken {
		if seen[what] {
			e.Errorf("%s was handed out twice", what)
		}
		seen[what] = true
	}
}
