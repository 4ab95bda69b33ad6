{{/* Pod security `restricted`. The group lets a non-root process read files from Secrets. */}}
{{- define "printworks.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "printworks.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{/* Seconds a stopping pod gets: traffic ends, the process drains, and a margin. dict "role". */}}
{{- define "printworks.role.grace" -}}
{{- $drain := default .role.catalog.drainSeconds .role.values.settings.drainSeconds -}}
{{- add (int .role.values.preStopSeconds) (ceil $drain | int) (int .role.values.graceMarginSeconds) -}}
{{- end }}

{{/* Requests and limits: those given, for a worker else those that its slots and memory ask for. */}}
{{- define "printworks.role.resources" -}}
{{- if .role.values.resources -}}
{{ toYaml .role.values.resources }}
{{- else if eq .role.name "worker" -}}
{{- $slots := int (default 1 .role.values.settings.workerSlots) -}}
{{- $memory := add (mul $slots (int (default 3072 .role.values.settings.renderMemoryMb))) 512 -}}
requests: {cpu: {{ $slots | quote }}, memory: {{ $memory }}Mi}
limits: {memory: {{ $memory }}Mi}
{{- end -}}
{{- end }}

{{/* PriorityClass of a role: what paying customers wait for goes before renders. */}}
{{- define "printworks.role.priority" -}}
{{- if .role.values.priorityClassName -}}
{{ .role.values.priorityClassName }}
{{- else if .root.Values.priorityClasses.create -}}
{{ include "printworks.fullname" .root }}-{{ ternary "low" "high" (has .role.name (list "worker" "deliverer" "retention")) }}
{{- end -}}
{{- end }}

{{/*
The pod template of a role: dict "root" "role", and for a job "job" true and "command".
Probes: alive means that the loops turn, and asks for nothing outside; ready means that broker, database and store
answer. Starting asks for life alone, so that a pod that waits for Kafka is not killed for it.
*/}}
{{- define "printworks.podTemplate" -}}
{{- $v := .role.values -}}
{{- $scope := dict "root" .root "name" .role.name "needs" .role.catalog.needs -}}
metadata:
  labels:
    {{- include "printworks.role.labels" . | nindent 4 }}
    {{- with $v.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/settings: {{ include "printworks.role.settings" . | sha256sum }}
    {{- with $v.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "printworks.podSecurity" .root | nindent 2 }}
  serviceAccountName: {{ .role.fullname }}
  {{- if .job }}
  restartPolicy: Never
  {{- end }}
  terminationGracePeriodSeconds: {{ include "printworks.role.grace" . }}
  {{- with include "printworks.role.priority" . }}
  priorityClassName: {{ . }}
  {{- end }}
  containers:
    - name: {{ .role.name }}
      image: {{ include "printworks.image" (dict "root" .root "image" .role.catalog.image) | quote }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      command: {{ default .role.catalog.command .command | toJson }}
      {{- include "printworks.containerSecurity" .root | nindent 6 }}
      envFrom:
        - configMapRef: {name: {{ .role.fullname }}}
      {{- $env := include "printworks.role.secretEnv" . | trim }}
      {{- if or $env $v.extraEnv }}
      env:
        {{- with $env }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- with $v.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
      ports:
        - {name: http, containerPort: 8080}
      {{- if not .job }}
      startupProbe:
        httpGet: {path: /healthz, port: http}
        periodSeconds: 2
        timeoutSeconds: 3
        failureThreshold: 60
      livenessProbe:
        httpGet: {path: /healthz, port: http}
        periodSeconds: 15
        timeoutSeconds: 5
        failureThreshold: 4
      readinessProbe:
        httpGet: {path: /readyz, port: http}
        periodSeconds: 5
        timeoutSeconds: 3
        failureThreshold: 2
      {{- if gt (int $v.preStopSeconds) 0 }}
      lifecycle:
        preStop:
          sleep: {seconds: {{ int $v.preStopSeconds }}}
      {{- end }}
      {{- end }}
      resources:
        {{- include "printworks.role.resources" . | nindent 8 }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        {{- include "printworks.volumeMounts" $scope | nindent 8 }}
        {{- with $v.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: tmp
      emptyDir: {sizeLimit: {{ $v.tmpSize | quote }}}
    {{- include "printworks.volumes" $scope | nindent 4 }}
    {{- with $v.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- if and $v.topologySpread (not .job) }}
  topologySpreadConstraints:
    {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - maxSkew: 1
      topologyKey: {{ $key }}
      whenUnsatisfiable: ScheduleAnyway
      matchLabelKeys: [pod-template-hash]
      labelSelector:
        matchLabels:
          {{- include "printworks.role.selector" $ | nindent 10 }}
    {{- end }}
  {{- end }}
  {{- with $v.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
