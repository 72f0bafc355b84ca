using System.Collections.Immutable;
using Lumos.Core;

namespace Lumos.Zones.Configure;

// What happens within the scope of a resource, and how the words of a subcommand are asked for.
public sealed partial class ConfigEditor
{
    private static ResourceDraft SetProperty(ConfigScope scope, ConfigCommand command)
    {
        var (name, text) = OnePair(command);
        var property = Property(scope.Type, name);
        if (text.Length == 0 && !property.Required)
        {
            return scope.Draft.With(name, null);
        }
        return property.Check?.Invoke(text) is { } wrong
            ? throw new LumosException("InvalidProperty", wrong)
            : scope.Draft.With(name, text);
    }

    private static ResourceDraft ClearProperty(ConfigScope scope, ConfigCommand command)
    {
        string name = OneWord(command);
        if (name == scope.Type.List)
        {
            return scope.Draft with { Items = [] };
        }
        return Property(scope.Type, name).Required
            ? throw new LumosException("RequiredProperty", $"{name} is required and cannot be cleared")
            : scope.Draft.With(name, null);
    }

    private static ResourceDraft AddItems(ConfigScope scope, ConfigCommand command)
    {
        var draft = scope.Draft;
        var values = Items(scope.Type, command);
        if (values.IsEmpty)
        {
            throw Usage(command);
        }
        foreach (var value in values)
        {
            bool taken = scope.Type.ListFields is ["name", ..]
                ? draft.NamedItems().Any(p => p.Key == ResourceDraft.Field((ConfigValue.Complex)value, "name"))
                : draft.Items.Any(item => ResourceDraft.Same(item, value));
            if (taken)
            {
                throw new LumosException("ValueExists", $"{scope.Type.List} has this value already; remove it first");
            }
            draft = draft with { Items = draft.Items.Add(value) };
        }
        return draft;
    }

    private static ResourceDraft RemoveItems(ConfigScope scope, ConfigCommand command)
    {
        _ = OnlyOption(command, 'F');
        var values = Items(scope.Type, command);
        if (values.IsEmpty)
        {
            return scope.Draft with { Items = [] };
        }
        var left = scope.Draft.Items;
        foreach (var value in values)
        {
            var without = left.RemoveAll(item => ResourceDraft.Same(item, value));
            left = without.Length < left.Length || command.Has('F')
                ? without
                : throw new LumosException("NoSuchValue", $"{scope.Type.List} has no such value");
        }
        return scope.Draft with { Items = left };
    }

    private static ConfigDraft Close(ConfigDraft draft, ConfigScope scope, ConfigCommand command)
    {
        NoWords(command, draft);
        var zone = Required(draft);
        if (Incomplete(scope.Type, scope.Draft) is { } wrong)
        {
            throw new LumosException("ResourceIncomplete", wrong);
        }
        if (scope.Type.Key is { } key && scope.Type.Read(zone)
            .Where((other, place) => place != scope.Place && other[key] == scope.Draft[key]).Any())
        {
            throw new LumosException("ResourceExists", $"A {scope.Type.Name} resource with the {key} '{scope.Draft[key]}' already exists.");
        }
        return draft with { Config = scope.Type.Write(zone, scope.Place, scope.Draft), Scope = null, IsDirty = true };
    }

    /// <summary>What a resource lacks, as a sentence; null: nothing.</summary>
    internal static string? Incomplete(ResourceType type, ResourceDraft draft) =>
        type.Properties.FirstOrDefault(p => p.Required && draft[p.Name] is null) is { } missing ? $"{missing.Name} not specified"
        : type.ListRequired && draft.Items.IsEmpty ? $"{type.List} not specified"
        : type.Check(draft);

    private static ResourceProperty Property(ResourceType type, string name) => type.Property(name)
        ?? throw new LumosException("UnknownProperty", name == type.List
            ? $"{name} is a list: \"add {name} VALUE\" and \"remove {name} VALUE\" change it"
            : $"{name}: no such property of {type.Name}; there are {string.Join(", ", type.Properties.Select(p => p.Name).Append(type.List).OfType<string>())}");

    // add options [a,b], add options a, add value (priv=…,limit=…,action=…)
    private static ImmutableArray<ConfigValue> Items(ResourceType type, ConfigCommand command)
    {
        if (command.Word(0) is not { } name || command.Operands.Length > 2 || !command.Pairs.IsEmpty)
        {
            throw Usage(command);
        }
        if (name != type.List)
        {
            _ = Property(type, name);
            throw new LumosException("NotAList", $"{name} is not a list: \"set {name}=VALUE\" and \"clear {name}\" change it");
        }
        if (command.Operands.Length == 1)
        {
            return [];
        }
        ImmutableArray<ConfigValue> items = command.Operands[1] is ConfigValue.Many many ? many.Items : [command.Operands[1]];
        foreach (var item in items)
        {
            bool fits = type.ListFields.IsEmpty
                ? item is ConfigValue.Simple
                : item is ConfigValue.Complex complex && complex.Pairs.Length == type.ListFields.Length
                    && type.ListFields.All(field => complex.Pairs.Any(p => p.Key == field));
            if (!fits)
            {
                throw new LumosException("InvalidProperty", type.ListFields.IsEmpty
                    ? $"{name} takes plain words, such as [ro,nodevices]"
                    : $"{name} takes ({string.Join(',', type.ListFields.Select(f => f + "=…"))})");
            }
        }
        return items;
    }

    private static (string Name, string Text) OnePair(ConfigCommand command) =>
        command is { Operands.IsEmpty: true, Options.IsEmpty: true, Pairs: [var pair] }
            ? (pair.Key, Text(pair.Key, pair.Value))
            : throw Usage(command);

    // A list of one value is that value.
    private static string Text(string name, ConfigValue value) => value switch
    {
        ConfigValue.Simple simple => simple.Text,
        ConfigValue.Many { Items: [ConfigValue.Simple only] } => only.Text,
        _ => throw new LumosException("InvalidProperty", $"{name} takes one plain value"),
    };

    private static string OneWord(ConfigCommand command, bool pairs = false) =>
        command.Operands.Length == 1 && (pairs || command.Pairs.IsEmpty) && command.Word(0) is { } word
            && (command.Options.IsEmpty || command.Verb == ConfigVerb.Remove)
            ? word
            : throw Usage(command);

    private static ConfigDraft NoWords(ConfigCommand command, ConfigDraft then) =>
        command is { Operands.IsEmpty: true, Options.IsEmpty: true, Pairs.IsEmpty: true } ? then : throw Usage(command);

    internal static LumosException Usage(ConfigCommand command) => new("ConfigUsage", "usage: " + ConfigHelp.Usage(command.Verb));
}
