// While libtensorflow_framework is loaded it writes two lines to standard error, before any setting of TensorFlow's can
// reach its log. This addon loads the library with standard error turned away; TF_CPP_MIN_LOG_LEVEL does the rest.
// Used by src/setup/load-native.ts unless the user asks for more by TF_CPP_MIN_LOG_LEVEL=0 or 1.
#include <dlfcn.h>
#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>

#include <string>

namespace {

// quietly(path: string): boolean — true when the library is loaded; false leaves the message to whoever loads it next.
napi_value Quietly(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value path_value;
  napi_get_cb_info(env, info, &count, &path_value, nullptr, nullptr);
  size_t length = 0;
  napi_get_value_string_utf8(env, path_value, nullptr, 0, &length);
  std::string path(length, '\0');
  napi_get_value_string_utf8(env, path_value, &path[0], length + 1, &length);

  const int saved = dup(STDERR_FILENO);
  const int nowhere = open("/dev/null", O_WRONLY);
  if (saved >= 0 && nowhere >= 0) dup2(nowhere, STDERR_FILENO);
  const bool loaded = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) != nullptr;
  if (saved >= 0 && nowhere >= 0) dup2(saved, STDERR_FILENO);
  if (saved >= 0) close(saved);
  if (nowhere >= 0) close(nowhere);

  napi_value result;
  napi_get_boolean(env, loaded, &result);
  return result;
}

}  // namespace

NAPI_MODULE_INIT() {
  napi_value quietly;
  napi_create_function(env, "quietly", NAPI_AUTO_LENGTH, Quietly, nullptr, &quietly);
  napi_set_named_property(env, exports, "quietly", quietly);
  return exports;
}
