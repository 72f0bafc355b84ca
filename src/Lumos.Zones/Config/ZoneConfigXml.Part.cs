using System.Xml;

namespace Lumos.Zones.Config;

public static partial class ZoneConfigXml
{
    /// <summary>One element with what is in it; what is taken of it leaves the rest, which is kept as it came.</summary>
    private sealed class Part
    {
        private readonly List<KeyValuePair<string, string>> _attributes;
        private readonly List<(string Name, List<KeyValuePair<string, string>> Attributes, string Text)> _children = [];
        private readonly string _origin;

        private Part(XmlReader reader, string origin)
        {
            Name = reader.Name;
            _origin = origin;
            _attributes = ReadAttributes(reader);
        }

        internal string Name { get; }

        /// <summary>Reads the element the reader is at, and moves past it.</summary>
        internal static Part Read(XmlReader reader, string origin)
        {
            var part = new Part(reader, origin);
            if (reader.IsEmptyElement)
            {
                reader.Read();
                return part;
            }
            reader.Read();
            while (reader.NodeType != XmlNodeType.EndElement)
            {
                if (reader.NodeType == XmlNodeType.Element)
                {
                    string name = reader.Name;
                    part._children.Add((name, ReadAttributes(reader), reader.ReadOuterXml()));
                }
                else
                {
                    reader.Read();
                }
            }
            reader.Read();
            return part;
        }

        internal string Take(string name) => TakeOptional(name) ?? throw Bad(_origin, $"<{Name}> has no attribute {name}");

        internal string? TakeOptional(string name)
        {
            int at = _attributes.FindIndex(a => a.Key == name);
            if (at < 0)
            {
                return null;
            }
            string value = _attributes[at].Value;
            _attributes.RemoveAt(at);
            return value;
        }

        internal List<List<KeyValuePair<string, string>>> TakeChildren(string name)
        {
            var found = _children.Where(c => c.Name == name).Select(c => c.Attributes).ToList();
            _children.RemoveAll(c => c.Name == name);
            return found;
        }

        internal ZoneExtras Rest() => _attributes.Count == 0 && _children.Count == 0
            ? ZoneExtras.None
            : new ZoneExtras([.. _attributes], [.. _children.Select(c => c.Text)]);
    }
}
