using System.Collections.Immutable;
using Lumos.Services.Model;

namespace Lumos.Services.Manifest;

/// <summary>One service of a manifest: its own properties and those of each of its instances.</summary>
/// <param name="Name">Without "svc:/", such as network/ssh.</param>
/// <param name="Source">The file it was read from.</param>
public sealed record ServiceManifest(
    string Name, string Source, PropertyBag Properties, ImmutableSortedDictionary<string, PropertyBag> Instances);
