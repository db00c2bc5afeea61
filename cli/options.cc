#include "cli/options.h"

#include <boost/program_options.hpp>
#include <charconv>
#include <iostream>
#include <map>
#include <sstream>

#include "cli/lock_waiting.h"
#include "core/suggest.h"
#include "db/lock_wait.h"

namespace po = boost::program_options;

namespace dse {
namespace {

using Words = std::vector<std::string>;

// "count,n" -> "count".
std::string LongName(const std::string& name) { return name.substr(0, name.find(',')); }

// A value with a name for --help; all values are read as text and converted by us, so that every
// complaint is one of our sentences.
class NamedValue : public po::typed_value<Words> {
 public:
  NamedValue(Words* store, std::string metavar, bool multiple)
      : po::typed_value<Words>(store), metavar_(std::move(metavar)) {
    if (multiple) multitoken();
    composing();
  }
  std::string name() const override { return metavar_; }
  // The value may be left out; then the option's words are `alone`.
  NamedValue* OrAlone(const std::string& alone) {
    implicit_value(Words{alone}, alone);
    return this;
  }

 private:
  std::string metavar_;
};

int64_t ReadInt(const std::string& option, const std::string& text, int64_t low, int64_t high) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, value);
  if (code == std::errc() && stop == end && value >= low && value <= high) return value;
  throw UsageError("--" + option + " must be a whole number from " + std::to_string(low) + " to " +
                   std::to_string(high) + ", not '" + text + "'");
}

}  // namespace

struct OptionParser::Impl {
  struct Entry {
    Words words;
    bool multiple = false;
    std::function<void(const Words&)> take;
  };
  std::string usage;
  std::string about;
  po::options_description visible{"Options"};
  po::options_description hidden;
  po::positional_options_description positional;
  std::string positional_metavar;
  std::map<std::string, Entry> entries;  // by long name; stable addresses
  std::map<std::string, bool*> flags;
  Words required;
  bool help = false;

  Words LongNames() const {
    Words names = {"help"};
    for (const auto& [name, entry] : entries) {
      if (name != positional_metavar) names.push_back(name);
    }
    for (const auto& [name, flag] : flags) names.push_back(name);
    return names;
  }
};

OptionParser::OptionParser(std::string usage, std::string about) : impl_(new Impl) {
  impl_->usage = std::move(usage);
  impl_->about = std::move(about);
}

OptionParser::~OptionParser() = default;

void OptionParser::Add(const char* name, const char* metavar, const char* help, bool multiple,
                       std::function<void(const Words&)> take) {
  Impl::Entry& entry = impl_->entries[LongName(name)];
  entry.multiple = multiple;
  entry.take = std::move(take);
  impl_->visible.add_options()(name, new NamedValue(&entry.words, metavar, multiple), help);
}

void OptionParser::Flag(const char* name, bool* value, const char* help) {
  impl_->flags[LongName(name)] = value;
  impl_->visible.add_options()(name, po::bool_switch(value), help);
}

void OptionParser::Text(const char* name, const char* metavar, std::string* value,
                        const char* help) {
  Add(name, metavar, help, false, [value](const Words& words) { *value = words.front(); });
}

void OptionParser::Text(const char* name, const char* metavar, std::optional<std::string>* value,
                        const char* help) {
  Add(name, metavar, help, false, [value](const Words& words) { *value = words.front(); });
}

void OptionParser::List(const char* name, const char* metavar, Words* value, const char* help) {
  Add(name, metavar, help, true, [value](const Words& words) { *value = words; });
}

void OptionParser::AddInt(const char* name, const char* metavar, int64_t low, int64_t high,
                          const char* help, std::function<void(int64_t)> take) {
  Add(name, metavar, help, false,
      [option = LongName(name), low, high, take = std::move(take)](const Words& words) {
        take(ReadInt(option, words.front(), low, high));
      });
}

void OptionParser::OptionalInt(const char* name, const char* metavar, std::optional<int>* value,
                               int alone, int low, int high, const char* help) {
  Impl::Entry& entry = impl_->entries[LongName(name)];
  entry.take = [option = LongName(name), value, low, high](const Words& words) {
    *value = static_cast<int>(ReadInt(option, words.front(), low, high));
  };
  auto* named = new NamedValue(&entry.words, metavar, false);
  impl_->visible.add_options()(name, named->OrAlone(std::to_string(alone)), help);
}

void OptionParser::FlopBand(const char* name, std::optional<Band>* value, const char* help) {
  Add(name, "LO:HI", help, false, [option = LongName(name), value](const Words& words) {
    try {
      *value = ParseBand(words.front());
    } catch (const Error& error) {
      throw UsageError("--" + option + ": " + error.what());
    }
  });
}

void OptionParser::Duration(const char* name, std::optional<double>* value, const char* help) {
  Add(name, "TIME", help, false, [option = LongName(name), value](const Words& words) {
    try {
      *value = ParseDuration(words.front());
    } catch (const Error& error) {
      throw UsageError("--" + option + ": " + error.what());
    }
  });
}

void OptionParser::OneOf(const char* name, Words words, std::string* value, const char* help) {
  Add(name, "WORD", help, false,
      [option = LongName(name), allowed = std::move(words), value](const Words& given) {
        if (std::find(allowed.begin(), allowed.end(), given.front()) == allowed.end()) {
          throw UsageError("--" + option + " is '" + given.front() + "', which is none of " +
                           JoinWords(allowed) + DidYouMean(given.front(), allowed));
        }
        *value = given.front();
      });
}

void OptionParser::Positional(const char* metavar, Words* value, const char* help) {
  Impl::Entry& entry = impl_->entries[metavar];
  entry.multiple = true;
  entry.take = [value](const Words& words) { *value = words; };
  impl_->hidden.add_options()(metavar, new NamedValue(&entry.words, metavar, true), help);
  impl_->positional.add(metavar, -1);
  impl_->positional_metavar = metavar;
}

void OptionParser::Require(const char* name) { impl_->required.push_back(name); }

bool OptionParser::Parse(std::span<const std::string> args) {
  std::optional<double> lock_wait;
  if (impl_->entries.contains("db")) {
    Duration("lock-wait", &lock_wait,
             "how long to wait for a file that another program has locked (default 10m)");
  }
  impl_->visible.add_options()("help,h", po::bool_switch(&impl_->help), "print this help");
  po::options_description all;
  all.add(impl_->visible).add(impl_->hidden);
  using po::command_line_style::allow_guessing;
  using po::command_line_style::unix_style;
  try {
    po::variables_map map;
    po::store(po::command_line_parser(Words(args.begin(), args.end()))
                  .options(all)
                  .positional(impl_->positional)
                  .style(unix_style & ~allow_guessing)
                  .run(),
              map);
    po::notify(map);
  } catch (const po::unknown_option& error) {
    std::string name = error.get_option_name();
    const std::string bare = name.substr(std::min(name.find_first_not_of('-'), name.size()));
    const std::string nearest = Nearest(bare, impl_->LongNames());
    throw UsageError("unknown option '" + name + "'" +
                     (nearest.empty() ? "" : ", did you mean '--" + nearest + "'?"));
  } catch (const po::too_many_positional_options_error&) {
    throw UsageError("this command takes no words without a flag");
  } catch (const po::error& error) {
    throw UsageError(error.what());
  }
  if (impl_->help) {
    std::cout << "Usage: dse " << impl_->usage << "\n\n"
              << impl_->about << "\n\n"
              << impl_->visible;
    return false;
  }
  for (auto& [name, entry] : impl_->entries) {
    if (entry.words.empty()) continue;
    if (!entry.multiple && entry.words.size() > 1) {
      throw UsageError("--" + name + " is given twice");
    }
    entry.take(entry.words);
  }
  WaitForLocks(lock_wait.value_or(LockWait().seconds));
  for (const std::string& name : impl_->required) {
    if (!impl_->entries.at(name).words.empty()) continue;
    throw UsageError(name == impl_->positional_metavar ? "give at least one " + name
                                                       : "--" + name + " is missing");
  }
  return true;
}

}  // namespace dse
