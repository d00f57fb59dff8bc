#include "results/interchange/event_file.h"

#include <cfloat>
#include <cmath>
#include <limits>

#include <boost/crc.hpp>
#include <nlohmann/json.hpp>
#include <protozero/pbf_builder.hpp>

#include "core/setting_paths.h"

namespace upcycle {
namespace {

using nlohmann::json;

// Fields by their numbers in the files that the header names.
enum class EventField : protozero::pbf_tag_type {
  kWallTime = 1,
  kStep = 2,
  kFileVersion = 3,
  kSummary = 5,
};
enum class SummaryField : protozero::pbf_tag_type { kValue = 1 };
enum class ValueField : protozero::pbf_tag_type {
  kTag = 1,
  kSimpleValue = 2,
  kTensor = 8,
  kMetadata = 9,
};
enum class TensorField : protozero::pbf_tag_type { kType = 1, kShape = 2, kStrings = 8 };
enum class ShapeField : protozero::pbf_tag_type { kDimension = 2 };
enum class DimensionField : protozero::pbf_tag_type { kSize = 1 };
enum class MetadataField : protozero::pbf_tag_type { kPlugin = 1 };
enum class PluginField : protozero::pbf_tag_type { kName = 1, kContent = 2 };
enum class SettingsField : protozero::pbf_tag_type { kSessionStart = 3 };
enum class SessionField : protozero::pbf_tag_type { kSettings = 1, kGroup = 4, kStarted = 5 };
enum class EntryField : protozero::pbf_tag_type { kKey = 1, kValue = 2 };
enum class AnyField : protozero::pbf_tag_type { kNumber = 2, kText = 3, kTruth = 4 };

template <typename Field>
using Message = protozero::pbf_builder<Field>;

constexpr int32_t kFloatType = 1;
constexpr int32_t kStringType = 7;
constexpr const char* kSessionTag = "_hparams_/session_start_info";

std::string LittleEndian(uint64_t number, size_t size) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) bytes += static_cast<char>(number >> (8 * i) & 0xFF);
  return bytes;
}

// The nearest float32; beyond the largest one an infinity.
float Rounded(double value) {
  if (std::isfinite(value) && std::fabs(value) > FLT_MAX) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    return value > 0 ? kInfinity : -kInfinity;
  }
  return static_cast<float>(value);
}

std::string EventAt(double time, int64_t step) {
  std::string data;
  Message<EventField> event(data);
  event.add_double(EventField::kWallTime, time);
  if (step != 0) event.add_int64(EventField::kStep, step);
  return data;
}

void AddSummary(std::string& event, std::string_view summary) {
  Message<EventField>(event).add_message(EventField::kSummary, summary.data(), summary.size());
}

void AddPlugin(Message<ValueField>& value, std::string_view name, std::string_view content) {
  Message<MetadataField> metadata(value, ValueField::kMetadata);
  Message<PluginField> plugin(metadata, MetadataField::kPlugin);
  plugin.add_string(PluginField::kName, name.data(), name.size());
  if (!content.empty()) plugin.add_bytes(PluginField::kContent, content.data(), content.size());
}

void AddShape(Message<TensorField>& tensor, int64_t size) {
  Message<ShapeField> shape(tensor, TensorField::kShape);
  std::string dimension;  // of no bytes for a size of 0, and then still there
  if (size != 0) Message<DimensionField>(dimension).add_int64(DimensionField::kSize, size);
  shape.add_message(ShapeField::kDimension, dimension);
}

// One entry of map<string, google.protobuf.Value>.
void AddSetting(Message<SessionField>& session, const std::string& path, const json& setting) {
  Message<EntryField> entry(session, SessionField::kSettings);
  entry.add_string(EntryField::kKey, path);
  Message<AnyField> value(entry, EntryField::kValue);
  if (setting.is_boolean()) {
    value.add_bool(AnyField::kTruth, setting.get<bool>());
  } else if (setting.is_number()) {
    value.add_double(AnyField::kNumber, setting.get<double>());
  } else {
    value.add_string(AnyField::kText, SettingText(setting));
  }
}

std::string SessionContent(double time, std::string_view group, const json& settings) {
  std::string content;
  {
    Message<SettingsField> plugin(content);
    Message<SessionField> session(plugin, SettingsField::kSessionStart);
    VisitSettings(
        settings, PlainLists::kItemByItem,
        [&](const std::string& path, const json& value) { AddSetting(session, path, value); });
    session.add_string(SessionField::kGroup, group.data(), group.size());
    session.add_double(SessionField::kStarted, time);
  }
  return content;
}

}  // namespace

uint32_t MaskedCrc32c(std::string_view data) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> sum;
  sum.process_bytes(data.data(), data.size());
  const uint32_t crc = sum.checksum();
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
}

std::string EventRecord(std::string_view data) {
  const std::string length = LittleEndian(data.size(), 8);
  std::string record = length + LittleEndian(MaskedCrc32c(length), 4);
  record += data;
  return record + LittleEndian(MaskedCrc32c(data), 4);
}

EventFile::EventFile(double time) {
  std::string event = EventAt(time, 0);
  Message<EventField>(event).add_string(EventField::kFileVersion, "brain.Event:2");
  bytes_ += EventRecord(event);
}

void EventFile::AddScalars(double time, int64_t step, std::span<const Scalar> scalars) {
  std::string data;
  Message<SummaryField> summary(data);
  for (const Scalar& scalar : scalars) {
    Message<ValueField> value(summary, SummaryField::kValue);
    value.add_string(ValueField::kTag, scalar.tag);
    value.add_float(ValueField::kSimpleValue, Rounded(scalar.value));
  }
  std::string event = EventAt(time, step);
  AddSummary(event, data);
  bytes_ += EventRecord(event);
}

void EventFile::AddText(double time, std::string_view tag, std::string_view text) {
  std::string data;
  {
    Message<SummaryField> summary(data);
    Message<ValueField> value(summary, SummaryField::kValue);
    value.add_string(ValueField::kTag, tag.data(), tag.size());
    {
      Message<TensorField> tensor(value, ValueField::kTensor);
      tensor.add_enum(TensorField::kType, kStringType);
      AddShape(tensor, 1);
      tensor.add_bytes(TensorField::kStrings, text.data(), text.size());
    }
    AddPlugin(value, "text", "");
  }
  std::string event = EventAt(time, 0);
  AddSummary(event, data);
  bytes_ += EventRecord(event);
}

void EventFile::AddSettings(double time, std::string_view group, const json& settings) {
  const std::string content = SessionContent(time, group, settings);
  std::string data;
  {
    Message<SummaryField> summary(data);
    Message<ValueField> value(summary, SummaryField::kValue);
    value.add_string(ValueField::kTag, kSessionTag);
    {
      Message<TensorField> tensor(value, ValueField::kTensor);
      tensor.add_enum(TensorField::kType, kFloatType);
      AddShape(tensor, 0);  // no numbers: all is in the plugin's content
    }
    AddPlugin(value, "hparams", content);
  }
  std::string event = EventAt(time, 0);
  AddSummary(event, data);
  bytes_ += EventRecord(event);
}

}  // namespace upcycle
