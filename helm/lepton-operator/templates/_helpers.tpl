{{- define "lepton-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "lepton-operator.fullname" -}}
{{- $name := include "lepton-operator.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "lepton-operator.selector" -}}
app.kubernetes.io/name: {{ include "lepton-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "lepton-operator.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "lepton-operator.labels" -}}
helm.sh/chart: {{ include "lepton-operator.chart" . }}
{{ include "lepton-operator.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "lepton-operator.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "lepton-operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name: with serviceAccount.create=false, name one that exists" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "lepton-operator.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{- define "lepton-operator.catalogueConfigMap" -}}
{{- if .Values.catalogue.configMap }}
{{- .Values.catalogue.configMap }}
{{- else if .Values.catalogue.export }}
{{- include "lepton-operator.fullname" . }}-catalogue
{{- end }}
{{- end }}

{{- /* What every Pod of the operator's image has in common, restricted as Pod Security knows it. */ -}}
{{- define "lepton-operator.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "lepton-operator.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- /* Where a Pod may run and what it is pulled with, for all that use the operator's image. */ -}}
{{- define "lepton-operator.placement" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "lepton-operator.simulatorUrl" -}}
http://{{ include "lepton-operator.fullname" . }}-simulator.{{ .Release.Namespace }}:8080/api/v2/workspaces/{{ .Values.simulator.workspace }}
{{- end }}

{{- /* The Workspace that the operator is told to apply. */ -}}
{{- define "lepton-operator.defaultWorkspaceNamespace" -}}
{{- $namespace := default .Release.Namespace .Values.defaultWorkspace.namespace }}
{{- if and .Values.watchNamespaces (not (has $namespace .Values.watchNamespaces)) }}
{{- fail (printf "defaultWorkspace.namespace: %s is not one of watchNamespaces, so nobody would look after its Invocations" $namespace) }}
{{- end }}
{{- $namespace }}
{{- end }}

{{- define "lepton-operator.defaultWorkspace" -}}
apiVersion: lepton.dev/v1alpha1
kind: Workspace
metadata:
  name: {{ .Values.defaultWorkspace.name }}
  namespace: {{ include "lepton-operator.defaultWorkspaceNamespace" . }}
spec:
  {{- $spec := .Values.defaultWorkspace.spec }}
  {{- if and .Values.simulator.enabled (not $spec.url) }}
  {{- $spec = merge (dict "url" (include "lepton-operator.simulatorUrl" .)) $spec }}
  {{- end }}
  {{- toYaml $spec | nindent 2 }}
{{- end }}
