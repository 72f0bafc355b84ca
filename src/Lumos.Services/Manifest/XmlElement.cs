using System.Xml;
using Lumos.Core;

namespace Lumos.Services.Manifest;

/// <summary>One element of a manifest with the line it stands on, so that every complaint can name its place.</summary>
internal sealed class XmlElement
{
    private readonly Dictionary<string, string> _attributes = new(StringComparer.Ordinal);

    private XmlElement(string source, string name, int line)
    {
        Source = source;
        Name = name;
        Line = line;
    }

    internal string Source { get; }

    internal string Name { get; }

    internal int Line { get; }

    internal List<XmlElement> Children { get; } = [];

    internal string Text { get; private set; } = "";

    internal IReadOnlyDictionary<string, string> Attributes => _attributes;

    /// <summary>Reads a whole document. The DTD that manifests name is neither fetched nor applied: the reader knows the format.</summary>
    internal static XmlElement Parse(string source, string text)
    {
        var settings = new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Ignore,
            XmlResolver = null,
            IgnoreComments = true,
            IgnoreProcessingInstructions = true,
            MaxCharactersInDocument = 4 << 20,
        };
        try
        {
            using var reader = XmlReader.Create(new StringReader(text), settings);
            var lines = (IXmlLineInfo)reader;
            XmlElement? root = null;
            var open = new Stack<XmlElement>();
            while (reader.Read())
            {
                switch (reader.NodeType)
                {
                    case XmlNodeType.Element:
                        var element = new XmlElement(source, reader.Name, lines.LineNumber);
                        bool empty = reader.IsEmptyElement;
                        while (reader.MoveToNextAttribute())
                        {
                            element._attributes[reader.Name] = reader.Value;
                        }
                        if (open.TryPeek(out var parent))
                        {
                            parent.Children.Add(element);
                        }
                        root ??= element;
                        if (!empty)
                        {
                            open.Push(element);
                        }
                        break;
                    case XmlNodeType.EndElement:
                        open.Pop();
                        break;
                    case XmlNodeType.Text or XmlNodeType.CDATA when open.TryPeek(out var holder):
                        holder.Text += reader.Value;
                        break;
                }
            }
            return root ?? throw new LumosException("InvalidManifest", $"{source}: there is no element in it");
        }
        catch (XmlException e)
        {
            throw new LumosException("InvalidManifest", $"{source}:{e.LineNumber}: not well-formed XML", inner: e);
        }
    }

    /// <summary>The attribute's value; an error when it is missing.</summary>
    internal string Required(string attribute) => _attributes.TryGetValue(attribute, out var value)
        ? value
        : throw Error($"attribute \"{attribute}\" is missing");

    internal string? Optional(string attribute) => _attributes.GetValueOrDefault(attribute);

    /// <summary>The attribute, which must be one of the words.</summary>
    internal string OneOf(string attribute, params ReadOnlySpan<string> words)
    {
        string value = Required(attribute);
        foreach (string word in words)
        {
            if (word == value)
            {
                return value;
            }
        }
        throw Error($"attribute \"{attribute}\" is \"{value}\", which is not one of {string.Join(", ", words.ToArray())}");
    }

    /// <summary>A complaint about this element: file, line, element, what is wrong.</summary>
    internal LumosException Error(string what) => new("InvalidManifest", $"{Source}:{Line}: <{Name}>: {what}");
}
